(* Altered statements are false: each is refuted by an instance. *)
From mathcomp Require Import all_ssreflect all_algebra.
From MDPKit Require Import Core Discounted.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Refutations.
Variable F : realFieldType.

(* One state, one step, and a reward of 1 for one of two actions. *)
Let start (s : unit) : F := (s == tt)%:R.
Let stay (h : nat) (s : unit) (a : bool) (t : unit) : F := (t == tt)%:R.
Let pay (h : nat) (s : unit) (a : bool) : F := (a == true)%:R.
Let play (b : bool) (h : nat) (s : unit) (a : bool) : F := (a == b)%:R.

Lemma J_play b : J start stay pay (play b) 1 = (b == true)%:R.
Proof.
rewrite /J /start dirac_sum V_recE /play dirac_sum /Q /pay.
by rewrite big1 ?addr0 // => t _; rewrite mulr0.
Qed.

(* The cloning bound with one step less in its weights fails already for one step. *)
Theorem cloning_weights_count_the_step :
  ~ forall (S A : finType) (mu : S -> F) (P : nat -> S -> A -> S -> F) (r piE pi : nat -> S -> A -> F) Rmax H,
    distr mu -> (forall h s a, distr (P h s a)) -> (forall h s a, 0 <= r h s a <= Rmax) ->
    policy piE -> policy pi ->
    J mu P r piE H - J mu P r pi H
    <= \sum_(h < H) (H - h.+1)%:R * Rmax * \sum_s rho mu P piE h s * TV (piE h s) (pi h s).
Proof.
move=> bound; have := bound _ _ start stay pay (play true) (play false) 1 1%N.
rewrite !J_play big_ord1 subnn !mul0r subr0 eqxx ler10 => no.
suff: false by []; apply: no.
- exact: dirac_distr.
- by move=> h s a; apply: dirac_distr.
- by move=> h s a; rewrite /pay; case: (a == true); rewrite ?ler01 ?lexx.
- by move=> h s; apply: dirac_distr.
- by move=> h s; apply: dirac_distr.
Qed.

(* At discount 1 a policy has many values. *)
Theorem undiscounted_values_are_not_unique :
  exists (v w : unit -> F) (pi : unit -> unit -> F),
    [/\ forall s, distr (pi s),
        is_value (fun _ _ t => (t == tt)%:R) 1 (fun _ _ => 0) pi v,
        is_value (fun _ _ t => (t == tt)%:R) 1 (fun _ _ => 0) pi w & v tt <> w tt].
Proof.
exists (fun=> 0), (fun=> 1), (fun _ a => (a == tt)%:R); split.
- by move=> s; apply: dirac_distr.
- by move=> s; rewrite dirac_sum /QD dirac_sum mulr0 addr0.
- by move=> s; rewrite dirac_sum /QD dirac_sum mulr1 add0r.
- by move/eqP; rewrite eq_sym oner_eq0.
Qed.
End Refutations.
