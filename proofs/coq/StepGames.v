(* The gap of a policy is at most the sum of its step games, for every class of rewards; and it is
   the advantage in a model plus the errors of the model on both policies.
   Claims: step_games_bound_the_gap, advantage_in_the_model_bounds_the_gap. *)
From mathcomp Require Import all_ssreflect all_algebra.
From MDPKit Require Import Core.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section MMDP.
Variables (F : realFieldType) (S A : finType) (C : Type) (mu : S -> F).
Variables (P : nat -> S -> A -> S -> F) (f : C -> nat -> S -> A -> F) (piE pi : nat -> S -> A -> F).
Theorem mmdp_bound H (eps : 'I_H -> F) :
  (forall (h : 'I_H) c, (\sum_s rho mu P piE h s *
      \sum_a (piE h s a - pi h s a) * Q P (f c) pi (H - h.+1) h s a) <= eps h) ->
  forall c, J mu P (f c) piE H - J mu P (f c) pi H <= \sum_h eps h.
Proof. by move=> game c; rewrite pdl; apply: ler_sum => h _; apply: game. Qed.
End MMDP.

Section PDAM.
Variables (F : realFieldType) (S A : finType) (mu : S -> F).
Variables (P P' : nat -> S -> A -> S -> F) (r : nat -> S -> A -> F) (piE pi : nat -> S -> A -> F).
Notation V' H h := (V P' r pi (H - h)%N h).
Theorem pdam H :
  J mu P r piE H - J mu P r pi H
  = (\sum_(h < H) \sum_s rho mu P piE h s *
      (\sum_a piE h s a * Q P' r pi (H - h.+1) h s a - V' H h s))
  + (\sum_(h < H) \sum_s rho mu P piE h s *
      (\sum_a piE h s a * (\sum_t (P h s a t - P' h s a t) * V' H h.+1 t)))
  - (\sum_(h < H) \sum_s rho mu P pi h s *
      (\sum_a pi h s a * (\sum_t (P h s a t - P' h s a t) * V' H h.+1 t))).
Proof.
have Z : \sum_s rho mu P piE H s * (0 : F) = 0 by apply: big1 => s _; rewrite mulr0.
have := master mu P r piE (fun h => V' H h) H.
rewrite subn0 -/(J mu P' r pi H) subnn /= Z addr0 => M.
have Sm := simulation mu P r P' r pi H.
have -> : J mu P r piE H - J mu P r pi H
    = (J mu P r piE H - J mu P' r pi H) - (J mu P r pi H - J mu P' r pi H).
  by rewrite opprB addrA subrK.
rewrite M Sm; congr (_ - _); last first.
  apply: eq_bigr => h _; apply: eq_bigr => s _; congr (_ * _).
  by apply: eq_bigr => a _; rewrite subrr add0r.
rewrite -big_split; apply: eq_bigr => h _; rewrite -big_split; apply: eq_bigr => s _ /=.
rewrite -mulrDr; congr (_ * _); rewrite addrAC; congr (_ - _).
rewrite -big_split; apply: eq_bigr => a _ /=; rewrite -mulrDr; congr (_ * _).
rewrite /Q -addrA; congr (_ + _); rewrite -big_split; apply: eq_bigr => t _ /=.
by rewrite -mulrDl addrC subrK.
Qed.
End PDAM.
