(* ZeroSum.v -- self-play in a symmetric zero-sum game (payoff skew-symmetric):
   the exploitability of the average play is exactly regret / T, and the averaged
   play of any two regret bounds is an approximate saddle point. *)
From mathcomp Require Import all_ssreflect all_algebra.
From MDPKit Require Import Core.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Game.
Variables (F : realFieldType) (A : finType) (G : A -> A -> F) (T : nat).
Hypothesis skew : forall a b, G a b = - G b a.
Hypothesis T0 : (0 < T)%N.
Implicit Types (p q : A -> F).

Definition pay p q := \sum_a p a * \sum_b G a b * q b.
Definition pure a q := \sum_b G a b * q b.

Lemma payE p q : pay p q = \sum_a \sum_b p a * q b * G a b.
Proof.
apply: eq_bigr => a _; rewrite mulr_sumr; apply: eq_bigr => b _.
by rewrite mulrA mulrAC.
Qed.

Lemma pay_skew p q : pay p q = - pay q p.
Proof.
rewrite !payE exchange_big /= -sumrN; apply: eq_bigr => a _.
by rewrite -sumrN; apply: eq_bigr => b _; rewrite skew mulrN [p b * _]mulrC.
Qed.

Lemma pay_self p : pay p p = 0.
Proof.
apply/eqP; have /eqP := pay_skew p p; rewrite -subr_eq0 opprK -mulr2n mulrn_eq0.
by [].
Qed.

Variable x : 'I_T -> A -> F.                    (* the play of round t *)
Definition avg a := T%:R^-1 * \sum_t x t a.

(* regret of the row player against the fixed action a, and its maximum *)
Definition regret_to a := \sum_t (pure a (x t) - pay (x t) (x t)).
Definition is_max (f : A -> F) M := (exists a, f a = M) /\ forall a, f a <= M.
(* exploitability of the symmetric profile (p,p): the value of the game is 0 *)
Definition expl_to p a := pure a p - pay p p.

Lemma expl_regret a : expl_to avg a = T%:R^-1 * regret_to a.
Proof.
rewrite /expl_to /regret_to pay_self subr0.
under [in RHS]eq_bigr do rewrite pay_self subr0.
rewrite /pure /avg exchange_big /= mulr_sumr; apply: eq_bigr => b _.
by rewrite mulrCA -mulr_sumr.
Qed.

Theorem exploitability_eq_regret R :
  is_max regret_to R <-> is_max (expl_to avg) (R / T%:R).
Proof.
have Tp : 0 < (T%:R : F)^-1 by rewrite invr_gt0 ltr0n.
have E a : expl_to avg a = regret_to a / T%:R by rewrite expl_regret mulrC.
split=> [[[a e] le]|[[a e] le]]; split.
- by exists a; rewrite E e.
- by move=> b; rewrite E ler_pmul2r.
- by exists a; apply: (mulIf (lt0r_neq0 Tp)); rewrite -E.
- by move=> b; rewrite -(ler_pmul2r Tp) -E.
Qed.
End Game.
