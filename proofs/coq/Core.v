(* Core.v -- finite-horizon MDPs over an arbitrary ordered field.
   One master identity (telescoping along the occupancy) gives both forms of the
   performance difference lemma, the simulation lemma and potential shaping.
   Time h = 0 .. H-1;  V n h s = value of the n steps that start at time h in s. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Averages.
Variables (F : realFieldType) (T : finType).
Implicit Types (p f : T -> F).

Definition distr p := (forall x, 0 <= p x) /\ \sum_x p x = 1.

Lemma avg_le p f M : distr p -> (forall x, f x <= M) -> \sum_x p x * f x <= M.
Proof.
move=> [p0 p1] fM; rewrite -[M]mul1r -p1 mulr_suml.
by apply: ler_sum => x _; apply: ler_wpmul2l.
Qed.

Lemma avg_ge p f m : distr p -> (forall x, m <= f x) -> m <= \sum_x p x * f x.
Proof.
move=> [p0 p1] fm; rewrite -[m]mul1r -p1 mulr_suml.
by apply: ler_sum => x _; apply: ler_wpmul2l.
Qed.

Lemma dirac_sum y f : \sum_x (x == y)%:R * f x = f y.
Proof.
rewrite (bigD1 y) //= eqxx mul1r big1 ?addr0 // => x /negbTE ->.
by rewrite mul0r.
Qed.

Lemma dirac_distr (y : T) : distr (fun x => (x == y)%:R).
Proof.
split=> [x|]; first exact: ler0n.
rewrite -[RHS](dirac_sum y (fun=> 1)).
by apply: eq_bigr => x _; rewrite mulr1.
Qed.

Definition TV p q := 2%:R^-1 * \sum_x `|p x - q x|.

(* Holder: E_p f - E_q f <= (range of f) * TV(p,q) *)
Lemma tv_bound p q f M :
  \sum_x p x = \sum_x q x -> (forall x, 0 <= f x <= M) ->
  \sum_x (p x - q x) * f x <= M * TV p q.
Proof.
move=> pq fM; have pq0 : \sum_x (p x - q x) * (M / 2%:R) = 0.
  by rewrite -mulr_suml sumrB pq subrr mul0r.
have -> : \sum_x (p x - q x) * f x = \sum_x (p x - q x) * (f x - M / 2%:R).
  by under [RHS]eq_bigr do rewrite mulrBr; rewrite sumrB pq0 subr0.
rewrite /TV mulrA mulr_sumr.
apply: ler_sum => x _.
apply: le_trans (ler_norm _) _; rewrite normrM mulrC.
apply: ler_wpmul2r; first exact: normr_ge0.
have /andP[f0 f1] := fM x.
have MM : M = M / 2%:R + M / 2%:R.
  by rewrite -mulrDl -mulr2n -mulr_natr mulfK // pnatr_eq0.
rewrite ler_norml; apply/andP; split.
  by rewrite -subr_ge0 opprK subrK.
by rewrite ler_subl_addr -MM.
Qed.
End Averages.

Section MDP.
Variables (F : realFieldType) (S A : finType).
Implicit Types (P : nat -> S -> A -> S -> F) (r pi : nat -> S -> A -> F).
Implicit Types (mu : S -> F) (W Phi : nat -> S -> F).

Definition Ppi P pi h (f : S -> F) s := \sum_a pi h s a * \sum_t P h s a t * f t.

Fixpoint V P r pi n h s : F :=
  if n is m.+1
  then \sum_a pi h s a * (r h s a + \sum_t P h s a t * V P r pi m h.+1 t)
  else 0.

Definition Q P r pi n h s a := r h s a + \sum_t P h s a t * V P r pi n h.+1 t.

Fixpoint rho mu P pi h s : F :=
  if h is k.+1 then \sum_s0 \sum_a rho mu P pi k s0 * pi k s0 a * P k s0 a s
  else mu s.
Arguments rho : simpl never.

Lemma rhoS mu P pi h s :
  rho mu P pi h.+1 s = \sum_s0 \sum_a rho mu P pi h s0 * pi h s0 a * P h s0 a s.
Proof. by []. Qed.

Definition J mu P r pi H := \sum_s mu s * V P r pi H 0 s.

Lemma V_ext P r pi pi' n h s : (forall h s a, pi h s a = pi' h s a) ->
  V P r pi n h s = V P r pi' n h s.
Proof.
move=> E; elim: n h s => //= n IH h s; apply: eq_bigr => a _.
by rewrite E; under eq_bigr do rewrite IH.
Qed.

Lemma V_recE P r pi n h s : V P r pi n.+1 h s = \sum_a pi h s a * Q P r pi n h s a.
Proof. by []. Qed.

Lemma flow mu P pi h (f : S -> F) :
  \sum_t rho mu P pi h.+1 t * f t = \sum_s rho mu P pi h s * Ppi P pi h f s.
Proof.
under eq_bigr do rewrite rhoS mulr_suml.
rewrite exchange_big /=; apply: eq_bigr => s _.
under eq_bigr do rewrite mulr_suml.
rewrite exchange_big /= mulr_sumr; apply: eq_bigr => a _.
by rewrite mulrA mulr_sumr; apply: eq_bigr => t _; rewrite !mulrA.
Qed.

Lemma telescope mu P pi W H :
  \sum_s mu s * W 0%N s = \sum_s rho mu P pi H s * W H s
    + \sum_(h < H) \sum_s rho mu P pi h s * (W h s - Ppi P pi h (W h.+1) s).
Proof.
elim: H => [|H ->]; first by rewrite big_ord0 addr0.
rewrite big_ord_recr /= [RHS]addrCA [LHS]addrC; congr (_ + _).
rewrite (flow mu P pi H (W H.+1)) -big_split /=; apply: eq_bigr => s _.
by rewrite -mulrDr addrC subrK.
Qed.

(* Master identity: any time-indexed function W may stand for the value. *)
Theorem master mu P r pi W H :
  J mu P r pi H - \sum_s mu s * W 0%N s + \sum_s rho mu P pi H s * W H s
  = \sum_(h < H) \sum_s rho mu P pi h s *
      (\sum_a pi h s a * (r h s a + \sum_t P h s a t * W h.+1 t) - W h s).
Proof.
pose U h s := V P r pi (H - h) h s - W h s.
have -> : J mu P r pi H - \sum_s mu s * W 0%N s = \sum_s mu s * U 0%N s.
  by rewrite /J -sumrB; apply: eq_bigr => s _; rewrite -mulrBr /U subn0.
rewrite (telescope mu P pi U H) addrAC -big_split /= big1 ?add0r; last first.
  by move=> s _; rewrite /U subnn /= sub0r mulrN addNr.
apply: eq_bigr => h _; apply: eq_bigr => s _; congr (_ * _).
rewrite /U -(subnSK (ltn_ord h)) V_recE /Ppi addrAC; congr (_ - _).
rewrite -sumrB; apply: eq_bigr => a _; rewrite -mulrBr; congr (_ * _).
rewrite /Q -addrA; congr (_ + _); rewrite -sumrB; apply: eq_bigr => t _.
by rewrite -mulrBr opprB addrCA subrr addr0.
Qed.

(* The value is linear in the state-action occupancy. *)
Corollary J_occ mu P r pi H :
  J mu P r pi H
  = \sum_(h < H) \sum_s rho mu P pi h s * \sum_a pi h s a * r h s a.
Proof.
have := master mu P r pi (fun _ _ => 0) H.
have Z (f : S -> F) : \sum_s f s * (0 : F) = 0 by apply: big1 => s _; rewrite mulr0.
rewrite !Z subr0 addr0 => ->.
apply: eq_bigr => h _; apply: eq_bigr => s _; congr (_ * _).
by rewrite subr0; apply: eq_bigr => a _; rewrite Z addr0.
Qed.

(* PDL, roll in with the first policy, Q of the second. *)
Theorem pdl mu P r piE pi H :
  J mu P r piE H - J mu P r pi H
  = \sum_(h < H) \sum_s rho mu P piE h s *
      \sum_a (piE h s a - pi h s a) * Q P r pi (H - h.+1) h s a.
Proof.
have := master mu P r piE (fun h s => V P r pi (H - h) h s) H.
rewrite subn0 -/(J mu P r pi H) subnn /= => M.
have Z : \sum_s rho mu P piE H s * (0 : F) = 0 by apply: big1 => s _; rewrite mulr0.
rewrite Z addr0 in M; rewrite M.
apply: eq_bigr => h _; apply: eq_bigr => s _; congr (_ * _).
rewrite -(subnSK (ltn_ord h)) V_recE -sumrB; apply: eq_bigr => a _.
by rewrite mulrBl.
Qed.

(* PDL, roll in with the learner, Q of the expert. *)
Theorem pdl_learner mu P r piE pi H :
  J mu P r piE H - J mu P r pi H
  = \sum_(h < H) \sum_s rho mu P pi h s *
      \sum_a (piE h s a - pi h s a) * Q P r piE (H - h.+1) h s a.
Proof.
rewrite -opprB (pdl mu P r pi piE) -sumrN; apply: eq_bigr => h _.
rewrite -sumrN; apply: eq_bigr => s _; rewrite -mulrN -sumrN; congr (_ * _).
by apply: eq_bigr => a _; rewrite -mulNr opprB.
Qed.

(* Simulation lemma (exact): same policy, two models. *)
Theorem simulation mu P r P' r' pi H :
  J mu P r pi H - J mu P' r' pi H
  = \sum_(h < H) \sum_s rho mu P pi h s * \sum_a pi h s a *
      ((r h s a - r' h s a)
       + \sum_t (P h s a t - P' h s a t) * V P' r' pi (H - h.+1) h.+1 t).
Proof.
have := master mu P r pi (fun h s => V P' r' pi (H - h) h s) H.
rewrite subn0 -/(J mu P' r' pi H) subnn /= => M.
have Z : \sum_s rho mu P pi H s * (0 : F) = 0 by apply: big1 => s _; rewrite mulr0.
rewrite Z addr0 in M; rewrite M.
apply: eq_bigr => h _; apply: eq_bigr => s _; congr (_ * _).
rewrite -(subnSK (ltn_ord h)) V_recE -sumrB; apply: eq_bigr => a _.
rewrite -mulrBr; congr (_ * _); rewrite /Q opprD addrACA; congr (_ + _).
by rewrite -sumrB; apply: eq_bigr => t _; rewrite -mulrBl.
Qed.

(* Potential shaping, time-dependent potential: an exact identity ... *)
Definition shaped P r Phi h s a := r h s a + \sum_t P h s a t * Phi h.+1 t - Phi h s.

Theorem shaping mu P r pi Phi H :
  (forall h s, \sum_a pi h s a = 1) ->
  J mu P (shaped P r Phi) pi H
  = J mu P r pi H - \sum_s mu s * Phi 0%N s + \sum_s rho mu P pi H s * Phi H s.
Proof.
move=> pi1; rewrite master.
have := master mu P (shaped P r Phi) pi (fun _ _ => 0) H.
have Z (f : S -> F) : \sum_s f s * (0 : F) = 0 by apply: big1 => s _; rewrite mulr0.
rewrite !Z subr0 addr0 => ->.
apply: eq_bigr => h _; apply: eq_bigr => s _; congr (_ * _).
rewrite subr0 -[Phi h s in RHS]mul1r -(pi1 h s) mulr_suml -sumrB.
by apply: eq_bigr => a _; rewrite Z addr0 -mulrBr.
Qed.

(* ... hence the same optima in ANY class C of policies when the terminal potential is 0. *)
Corollary shaping_optimal (C : (nat -> S -> A -> F) -> Prop) mu P r Phi H pi :
  (forall q, C q -> forall h s, \sum_a q h s a = 1) ->
  (forall s, Phi H s = 0) -> C pi ->
  (forall q, C q -> J mu P r q H <= J mu P r pi H) <->
  (forall q, C q ->
     J mu P (shaped P r Phi) q H <= J mu P (shaped P r Phi) pi H).
Proof.
move=> C1 Phi0 Cpi; have E q : C q ->
    J mu P (shaped P r Phi) q H = J mu P r q H - \sum_s mu s * Phi 0%N s.
  move=> Cq; rewrite shaping; last exact: C1.
  by rewrite [X in _ + X]big1 ?addr0 // => s _; rewrite Phi0 mulr0.
by split=> opt q Cq; have := opt q Cq; rewrite !E // ler_add2r.
Qed.

Section Bounds.
Variables (mu : S -> F) (P : nat -> S -> A -> S -> F) (r : nat -> S -> A -> F) (Rmax : F).
Hypothesis mu_d : distr mu.
Hypothesis P_d : forall h s a, distr (P h s a).
Hypothesis r_b : forall h s a, 0 <= r h s a <= Rmax.

Definition policy pi := forall h s, distr (pi h s).

Lemma rho_ge0 pi h s : policy pi -> 0 <= rho mu P pi h s.
Proof.
move=> pi_d; elim: h s => [|h IH] s; first by case: mu_d.
rewrite rhoS.
apply: sumr_ge0 => s0 _; apply: sumr_ge0 => a _.
by rewrite !mulr_ge0 ?IH //; [case: (pi_d h s0) | case: (P_d h s0 a)].
Qed.

Lemma rho_sum1 pi h : policy pi -> \sum_s rho mu P pi h s = 1.
Proof.
move=> pi_d; elim: h => [|h IH]; first by case: mu_d.
under eq_bigr do rewrite -[rho _ _ _ _ _]mulr1.
rewrite (flow mu P pi h (fun=> 1)) -[RHS]IH; apply: eq_bigr => s _.
suff -> : Ppi P pi h (fun=> 1) s = 1 by rewrite mulr1.
rewrite -[RHS](proj2 (pi_d h s)); apply: eq_bigr => a _.
under eq_bigr do rewrite mulr1.
by rewrite (proj2 (P_d h s a)) mulr1.
Qed.

Lemma V_bounds pi n h s : policy pi -> 0 <= V P r pi n h s <= n%:R * Rmax.
Proof.
move=> pi_d; elim: n h s => [|n IH] h s; first by rewrite /= mul0r lexx.
rewrite /=; apply/andP; split.
  apply: avg_ge => // a; apply: addr_ge0; first by case/andP: (r_b h s a).
  by apply: avg_ge => // t; case/andP: (IH h.+1 t).
apply: avg_le => // a; rewrite mulrS mulrDl mul1r.
apply: ler_add; first by case/andP: (r_b h s a).
by apply: avg_le => // t; case/andP: (IH h.+1 t).
Qed.

Lemma Q_bounds pi n h s a : policy pi -> 0 <= Q P r pi n h s a <= n.+1%:R * Rmax.
Proof.
move=> pi_d; have /andP[r0 r1] := r_b h s a; apply/andP; split.
  apply: addr_ge0 => //; apply: avg_ge => // t.
  by case/andP: (V_bounds n h.+1 t pi_d).
rewrite mulrS mulrDl mul1r; apply: ler_add => //.
by apply: avg_le => // t; case/andP: (V_bounds n h.+1 t pi_d).
Qed.

(* Behaviour cloning: quadratic compounding with the exact weights H-h. *)
Theorem bc_bound piE pi H : policy piE -> policy pi ->
  J mu P r piE H - J mu P r pi H
  <= \sum_(h < H) (H - h)%:R * Rmax *
       \sum_s rho mu P piE h s * TV (piE h s) (pi h s).
Proof.
move=> dE d; rewrite pdl; apply: ler_sum => h _.
rewrite mulr_sumr; apply: ler_sum => s _; rewrite mulrCA.
apply: ler_wpmul2l; first exact: rho_ge0.
apply: tv_bound; first by case: (dE h s) => _ ->; case: (d h s).
by move=> a; rewrite -(subnSK (ltn_ord h)); apply: Q_bounds.
Qed.
End Bounds.
End MDP.
