(* RegretGap.v -- value equivalence does not give regret equivalence.
   Two-player Markov games with a mediator (correlated policy on joint actions);
   deviations of player i are maps (time, state, own recommendation) -> own action.
   Theorem regret_gap: for ALL horizons H >= 1 the game CEX has an expert of regret 0
   and a learner with the same state-action occupancies (hence value gap 0 for every
   reward function) whose regret is exactly H - 1. *)
From mathcomp Require Import all_ssreflect all_algebra.
From MDPKit Require Import Core.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Game.
Variables (F : realFieldType) (S A1 A2 : finType).
Notation A := (A1 * A2)%type.
Implicit Types (sigma : nat -> S -> A -> F) (r : nat -> S -> A -> F).
Implicit Types (mu : S -> F) (P : nat -> S -> A -> S -> F).

Definition dev1 sigma (phi : nat -> S -> A1 -> A1) h s (b : A) : F :=
  \sum_a sigma h s a * (b == (phi h s a.1, a.2))%:R.
Definition dev2 sigma (phi : nat -> S -> A2 -> A2) h s (b : A) : F :=
  \sum_a sigma h s a * (b == (a.1, phi h s a.2))%:R.

Definition is_max (T : Type) (f : T -> F) M := (exists x, f x = M) /\ forall x, f x <= M.

Definition is_regret mu P r1 r2 sigma H M := exists M1 M2,
  [/\ is_max (fun phi => J mu P r1 (dev1 sigma phi) H - J mu P r1 sigma H) M1,
      is_max (fun phi => J mu P r2 (dev2 sigma phi) H - J mu P r2 sigma H) M2
    & M = Num.max M1 M2].

Definition det (pol : nat -> S -> A) h s a : F := (a == pol h s)%:R.
Definition detP (step : S -> A -> S) (h : nat) s a t : F := (t == step s a)%:R.

Lemma V_det step r pol n h s :
  V (detP step) r (det pol) n.+1 h s
  = r h s (pol h s) + V (detP step) r (det pol) n h.+1 (step s (pol h s)).
Proof. by rewrite V_recE dirac_sum /Q dirac_sum. Qed.

Lemma dev1_det pol phi h s a :
  dev1 (det pol) phi h s a = det (fun h s => (phi h s (pol h s).1, (pol h s).2)) h s a.
Proof. by rewrite /dev1 dirac_sum. Qed.

Lemma det_policy pol : policy (det pol).
Proof. by move=> h s; apply: dirac_distr. Qed.

Lemma rho_det step pol mu h t :
  rho mu (detP step) (det pol) h.+1 t
  = \sum_s rho mu (detP step) (det pol) h s * (t == step s (pol h s))%:R.
Proof.
rewrite rhoS; apply: eq_bigr => s _.
under eq_bigr do rewrite -mulrA; rewrite -mulr_sumr; congr (_ * _).
exact: dirac_sum.
Qed.
End Game.

Section CEX.
Variable F : realFieldType.
(* None = start, Some false = g (good sink), Some true = o (off path). *)
Notation St := (option bool).
Notation Jt := (bool * bool)%type.
Notation dt := (@det F (option_finType bool_finType) bool_finType bool_finType).
Implicit Type pol : nat -> St -> Jt.
Definition step (s : St) (a : Jt) : St := if s is None then Some a.1 else s.
Definition r1 (h : nat) (s : St) (a : Jt) : F := ((s == Some true) && a.2)%:R.
Definition r2 (h : nat) (s : St) (a : Jt) : F := 0.
Definition polE (h : nat) (s : St) : Jt := (false, false).
Definition polL (h : nat) (s : St) : Jt := (false, s == Some true).
Definition mu0 (s : St) : F := (s == None)%:R.
Notation P := (@detP F (option_finType bool_finType) bool_finType bool_finType step).
Notation expert := (dt polE).
Notation learner := (dt polL).

(* CEX is a genuine game: all the rows are distributions. *)
Lemma cex_wf : [/\ distr mu0, forall h s a, distr (P h s a), policy expert & policy learner].
Proof. by split=> *; [exact: dirac_distr.. | exact: det_policy | exact: det_policy]. Qed.

Lemma J_mu0 r pi H : J mu0 P r pi H = V P r pi H 0 None.
Proof. exact: dirac_sum. Qed.

Lemma V_second0 pol n h s : (forall h s, (pol h s).2 = false) ->
  V P r1 (dt pol) n h s = 0.
Proof.
by move=> p2; elim: n h s => // n IH h s; rewrite V_det IH /r1 p2 andbF addr0.
Qed.

Lemma V_good pol n h : V P r1 (dt pol) n h (Some false) = 0.
Proof. by elim: n h => // n IH h; rewrite V_det IH /r1 addr0. Qed.

Lemma V_off pol n h : (forall h, (pol h (Some true)).2) ->
  V P r1 (dt pol) n h (Some true) = n%:R.
Proof.
by move=> p2; elim: n h => // n IH h; rewrite V_det IH /r1 eqxx p2 mulrS.
Qed.

Lemma V_le pol n h s : V P r1 (dt pol) n h s <= n%:R.
Proof.
have r1_b h' s' a : 0 <= r1 h' s' a <= 1 by rewrite ler0n lern1 leq_b1.
have P_d h' s' a : distr (P h' s' a) by apply: dirac_distr.
have /andP[_] := V_bounds P_d r1_b n h s (@det_policy _ _ _ _ pol).
by rewrite mulr1.
Qed.

Lemma J_r2 pi H : J mu0 P r2 pi H = 0.
Proof.
rewrite J_occ big1 // => h _; rewrite big1 // => s _.
by rewrite big1 ?mulr0 // => a _; rewrite mulr0.
Qed.

Lemma rho_follow pol h s : (pol 0%N None).1 = false ->
  rho mu0 P (dt pol) h.+1 s = (s == Some false)%:R.
Proof.
move=> p; elim: h s => [|h IH] s; rewrite rho_det.
  by rewrite /rho /mu0 dirac_sum /= p.
by under eq_bigr do rewrite IH; rewrite dirac_sum.
Qed.

(* same state-action occupancy at every step *)
Lemma same_occ h s a :
  rho mu0 P expert h s * expert h s a = rho mu0 P learner h s * learner h s a.
Proof.
case: h => [|h]; first by case: s => [b|]; rewrite /rho /mu0 ?mul0r.
by rewrite !rho_follow //; case: s => [[]|]; rewrite ?mul0r.
Qed.

Theorem value_gap r H : J mu0 P r expert H = J mu0 P r learner H.
Proof.
rewrite !J_occ; apply: eq_bigr => h _; apply: eq_bigr => s _.
by rewrite !mulr_sumr; apply: eq_bigr => a _; rewrite !mulrA same_occ.
Qed.

Lemma J_follow H : J mu0 P r1 expert H = 0.
Proof. by rewrite J_mu0 V_second0. Qed.

Lemma J_dev pol phi H :
  J mu0 P r1 (dev1 (dt pol) phi) H
  = V P r1 (dt (fun h s => (phi h s (pol h s).1, (pol h s).2))) H 0 None.
Proof. by rewrite J_mu0; apply: V_ext => h s a; rewrite dev1_det. Qed.

Lemma regret2_0 sigma H :
  is_max (fun phi => J mu0 P r2 (dev2 sigma phi) H - J mu0 P r2 sigma H) 0.
Proof. by split=> [|x]; [exists (fun _ _ a => a) | ]; rewrite !J_r2 subrr. Qed.

Theorem expert_regret H : is_regret mu0 P r1 r2 expert H 0.
Proof.
exists 0, 0; split; [| exact: regret2_0 | by rewrite maxxx].
by split=> [|phi]; [exists (fun _ _ a => a) | ]; rewrite J_follow J_dev V_second0 ?subrr.
Qed.

Theorem learner_regret H : (0 < H)%N -> is_regret mu0 P r1 r2 learner H (H.-1)%:R.
Proof.
case: H => // n _; exists n%:R, 0.
split; [| exact: regret2_0 | by rewrite max_l ?ler0n].
have J0 : J mu0 P r1 learner n.+1 = 0 by rewrite -value_gap J_follow.
split=> [|phi]; [exists (fun _ _ _ => true) | ]; rewrite J0 subr0 J_dev V_det add0r.
  by apply: V_off.
exact: V_le.
Qed.

Theorem regret_gap H : (0 < H)%N ->
  [/\ forall r, J mu0 P r expert H - J mu0 P r learner H = 0,
      is_regret mu0 P r1 r2 expert H 0
    & is_regret mu0 P r1 r2 learner H (H.-1)%:R].
Proof.
move=> H0; split; [| exact: expert_regret | exact: learner_regret].
by move=> r; rewrite value_gap subrr.
Qed.

(* Refuted: the regret is not H, since a maximum is unique. *)
Lemma max_unique (T : Type) (f : T -> F) M N : is_max f M -> is_max f N -> M = N.
Proof.
move=> [[x fx] leM] [[y fy] leN]; apply: le_anti.
by rewrite -{1}fx leN -{1}fy leM.
Qed.

Theorem learner_regret_is_not_the_horizon H : (0 < H)%N ->
  ~ is_regret mu0 P r1 r2 learner H H%:R.
Proof.
move=> H0 [M1 [M2 [max1 max2 E]]].
have [N1 [N2 [max1' max2' E']]] := learner_regret H0.
move: E; rewrite (max_unique max1 max1') (max_unique max2 max2') -E' => /eqP.
by rewrite eqr_nat; case: H H0 {max1 max2 max1' max2' E'} => // n _; rewrite /= gtn_eqF.
Qed.
End CEX.
