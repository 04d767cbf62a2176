(* Discounted.v -- discounted MDPs through Bellman fixed points, 0 <= g < 1.
   Uniqueness of the value, optimality of the Bellman fixed point, and
   potential shaping: V |-> V - Phi maps values to values, optima to optima. *)
From mathcomp Require Import all_ssreflect all_algebra.
From MDPKit Require Import Core.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Disc.
Variables (F : realFieldType) (S A : finType) (P : S -> A -> S -> F) (g : F).
Hypothesis P_d : forall s a, distr (P s a).
Hypothesis g01 : 0 <= g < 1.
Implicit Types (r pi : S -> A -> F) (v w Phi : S -> F).

Definition QD r v s a := r s a + g * \sum_t P s a t * v t.
Definition is_value r pi v := forall s, v s = \sum_a pi s a * QD r v s a.
Definition is_opt r v := forall s, (forall a, QD r v s a <= v s) /\ exists a, QD r v s a = v s.

Lemma QD_sub r v w s a :
  QD r v s a - QD r w s a = g * \sum_t P s a t * (v t - w t).
Proof.
rewrite /QD opprD addrACA subrr add0r -mulrBr -sumrB; congr (_ * _).
by apply: eq_bigr => t _; rewrite mulrBr.
Qed.

(* A function that is nowhere above g times its own maximum is <= 0. *)
Lemma max_le0 (d : S -> F) :
  (forall M, (forall s, d s <= M) -> forall s, d s <= g * M) -> forall s, d s <= 0.
Proof.
move=> contr s0; have [g0 g1] := andP g01.
have [m _ mP] := arg_maxP d (erefl : predT s0).
have dm s : d s <= d m by apply: mP.
apply: le_trans (dm s0) _; have := contr _ dm m.
by rewrite -subr_ge0 -{2}[d m]mul1r -mulrBl nmulr_rge0 // subr_lt0.
Qed.

Lemma QD_le r v w s a M : (forall t, v t - w t <= M) -> QD r v s a <= QD r w s a + g * M.
Proof.
move=> vw; rewrite -ler_subl_addl QD_sub; have [g0 _] := andP g01.
by apply: ler_wpmul2l => //; apply: avg_le.
Qed.

Theorem opt_dominates r v w pi : (forall s, distr (pi s)) ->
  is_opt r v -> is_value r pi w -> forall s, w s <= v s.
Proof.
move=> pi_d vo wv s; rewrite -subr_le0; move: s; apply: max_le0 => M dM s.
rewrite ler_subl_addr wv; apply: avg_le => // a.
apply: le_trans (QD_le _ _ _ dM) _; rewrite addrC ler_add2l.
by case: (vo s).
Qed.

Theorem value_unique r pi v w : (forall s, distr (pi s)) ->
  is_value r pi v -> is_value r pi w -> forall s, v s = w s.
Proof.
move=> pi_d; have half x y : is_value r pi x -> is_value r pi y -> forall s, x s <= y s.
  move=> xv yv s; rewrite -subr_le0; move: s; apply: max_le0 => M dM s.
  rewrite xv yv -sumrB; under eq_bigr do rewrite -mulrBr.
  by apply: avg_le => // a; rewrite ler_subl_addl; apply: QD_le.
by move=> vv wv s; apply/le_anti; rewrite !half.
Qed.

Theorem opt_unique r v w : is_opt r v -> is_opt r w -> forall s, v s = w s.
Proof.
have half x y : is_opt r x -> is_opt r y -> forall s, x s <= y s.
  move=> xo yo s; rewrite -subr_le0; move: s; apply: max_le0 => M dM s.
  have [_ [a <-]] := xo s; rewrite ler_subl_addr.
  by apply: le_trans (QD_le _ _ _ dM) _; rewrite addrC ler_add2l; case: (yo s).
by move=> vo wo s; apply/le_anti; rewrite !half.
Qed.

(* the fixed point of the optimality operator is the value of its greedy policy *)
Theorem opt_attained r v : is_opt r v ->
  exists2 pi, forall s, distr (pi s) & is_value r pi v.
Proof.
move=> vo; have ex s : exists a, QD r v s a == v s.
  by have [_ [a /eqP]] := vo s; exists a.
exists (fun s a => (a == xchoose (ex s))%:R) => s; first exact: dirac_distr.
by rewrite dirac_sum (eqP (xchooseP (ex s))).
Qed.

Definition shapedD r Phi s a := r s a + g * (\sum_t P s a t * Phi t) - Phi s.

Lemma QD_shaped r v Phi s a :
  QD (shapedD r Phi) (fun t => v t - Phi t) s a = QD r v s a - Phi s.
Proof.
rewrite /QD /shapedD addrAC; congr (_ - _); rewrite -addrA -mulrDr -big_split /=.
by congr (_ + g * _); apply: eq_bigr => t _; rewrite -mulrDr addrC subrK.
Qed.

Theorem shaping_value r Phi pi v : (forall s, distr (pi s)) ->
  is_value r pi v <-> is_value (shapedD r Phi) pi (fun s => v s - Phi s).
Proof.
move=> pi_d; have E s : \sum_a pi s a * QD (shapedD r Phi) (fun t => v t - Phi t) s a
    = \sum_a pi s a * QD r v s a - Phi s.
  under eq_bigr do rewrite QD_shaped mulrBr.
  by rewrite sumrB -mulr_suml (proj2 (pi_d s)) mul1r.
by split=> H s; [rewrite E -H | apply: (addIr (- Phi s)); rewrite H E].
Qed.

Theorem shaping_opt r Phi v :
  is_opt r v <-> is_opt (shapedD r Phi) (fun s => v s - Phi s).
Proof.
split=> H s; have [le [a e]] := H s; split.
- by move=> b; rewrite QD_shaped ler_add2r.
- by exists a; rewrite QD_shaped e.
- by move=> b; have := le b; rewrite QD_shaped ler_add2r.
- by exists a; move: e; rewrite QD_shaped => /addIr.
Qed.

(* pi is optimal: it has a value, and no policy has a larger value anywhere. *)
Definition optimal r pi := exists2 v, is_value r pi v &
  forall pi' w, (forall s, distr (pi' s)) -> is_value r pi' w -> forall s, w s <= v s.

Theorem shaping_optimal_policies r Phi pi : (forall s, distr (pi s)) ->
  optimal r pi <-> optimal (shapedD r Phi) pi.
Proof.
move=> pi_d; split=> [[v vv dom]|[u uv dom]].
  exists (fun s => v s - Phi s); first by rewrite -shaping_value.
  move=> pi' w pi'_d wv s; pose w' t := w t + Phi t.
  rewrite ler_subr_addr -/(w' s); apply: (dom pi') => //.
  rewrite (shaping_value _ Phi) // => t /=; rewrite /w' addrK [LHS]wv.
  apply: eq_bigr => a _; congr (_ * (_ + _ * _)).
  by apply: eq_bigr => t' _; rewrite addrK.
exists (fun s => u s + Phi s).
  rewrite (shaping_value _ Phi) // => t /=; rewrite addrK [LHS]uv.
  apply: eq_bigr => a _; congr (_ * (_ + _ * _)).
  by apply: eq_bigr => t' _; rewrite addrK.
move=> pi' w pi'_d wv s; rewrite -ler_subl_addr.
by apply: (dom pi' (fun t => w t - Phi t)) => //; rewrite -shaping_value.
Qed.
End Disc.
