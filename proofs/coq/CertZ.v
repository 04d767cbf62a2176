(* CertZ.v -- integer certificates for optimal values, with a soundness theorem.
   Data (all integers): discount gn/gd, rewards R/rd, transitions W/den, values N/D.
   [check] is run by vm_compute on binary integers; [check_sound] turns a passed check
   into the Bellman optimality equations over ANY ordered field. *)
From Coq Require Import ZArith Lia.
From mathcomp Require Import all_ssreflect all_algebra.
From MDPKit Require Import Core Discounted.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Delimit Scope Z_scope with coqZ.  (* mathcomp binds %Z to int *)

Fixpoint zdot (u w : seq Z) : Z :=
  match u, w with x :: u', y :: w' => (x * y + zdot u' w')%coqZ | _, _ => Z0 end.
Definition zsum (u : seq Z) : Z := foldr Z.add Z0 u.

Section Checker.
Variables (n m : nat) (gn gd rd den D : Z).
Variables (R : seq (seq Z)) (W : seq (seq (seq Z))) (N : seq Z) (pol : seq nat).
Definition Rsa s a := nth Z0 (nth [::] R s) a.
Definition Wsa s a := nth [::] (nth [::] W s) a.
Definition Ns s := nth Z0 N s.
Definition qz s a := (Rsa s a * (gd * (den * D)) + (gn * zdot (Wsa s a) N) * rd)%coqZ.
Definition vz s := (Ns s * (rd * (gd * den)))%coqZ.
Definition row_ok (w : seq Z) :=
  [&& size w == n, all (Z.leb 0) w & Z.eqb (zsum w) den].
Definition state_ok s :=
  [&& all (fun a => row_ok (Wsa s a) && Z.leb (qz s a) (vz s)) (iota 0 m),
      nth m pol s < m & Z.eqb (qz s (nth m pol s)) (vz s)].
Definition check :=
  [&& Z.leb 0 gn, Z.ltb gn gd, Z.ltb 0 rd, Z.ltb 0 den, Z.ltb 0 D,
      size N == n & all state_ok (iota 0 n)].
End Checker.

Local Open Scope ring_scope.

Section Morphism.
Variable F : realFieldType.
Definition zf (z : Z) : F := (Z.to_nat z)%:R - (Z.to_nat (- z))%:R.

Lemma zf_sub (a b : nat) (z : Z) : z = (Z.of_nat a - Z.of_nat b)%coqZ -> zf z = a%:R - b%:R.
Proof.
move=> zE; apply/eqP; rewrite subr_eq addrAC eq_sym subr_eq -!natrD eqr_nat.
by apply/eqP; rewrite -!plusE; lia.
Qed.

Lemma zfD x y : zf (x + y) = zf x + zf y.
Proof.
rewrite (@zf_sub (Z.to_nat x + Z.to_nat y)%coq_nat (Z.to_nat (- x) + Z.to_nat (- y))%coq_nat); last lia.
by rewrite !plusE !natrD opprD addrACA.
Qed.

Lemma zfM x y : zf (x * y) = zf x * zf y.
Proof.
have ex (z : Z) : exists a b : nat, z = (Z.of_nat a - Z.of_nat b)%coqZ.
  by exists (Z.to_nat z), (Z.to_nat (- z)); lia.
have [a [b xE]] := ex x; have [c [d yE]] := ex y.
rewrite (zf_sub xE) (zf_sub yE) (@zf_sub (a * c + b * d)%N (a * d + b * c)%N).
  rewrite !natrD !natrM mulrBl !mulrBr opprB opprD.
  by rewrite -!addrA; congr (_ + _); rewrite addrCA.
by rewrite xE yE -!plusE -!multE !Nat2Z.inj_add !Nat2Z.inj_mul; ring.
Qed.

Lemma zf0 : zf 0 = 0. Proof. by rewrite /zf subrr. Qed.

Lemma zfB x y : zf (x - y) = zf x - zf y.
Proof. by apply/eqP; rewrite eq_sym subr_eq -zfD; apply/eqP; congr zf; lia. Qed.

Lemma zf_ge0 x : Z.leb 0 x -> 0 <= zf x.
Proof.
move/Z.leb_spec0 => x0; rewrite (@zf_sub (Z.to_nat x) 0); last lia.
by rewrite subr0 ler0n.
Qed.

Lemma zf_gt0 x : Z.ltb 0 x -> 0 < zf x.
Proof.
move/Z.ltb_spec0 => x0; rewrite (@zf_sub (Z.to_nat x) 0); last lia.
by rewrite subr0 ltr0n; apply/ssrnat.ltP; lia.
Qed.

Lemma zf_le x y : Z.leb x y -> zf x <= zf y.
Proof.
move/Z.leb_spec0 => xy; rewrite -subr_ge0 -zfB.
by apply: zf_ge0; apply/Z.leb_spec0; lia.
Qed.

Lemma zf_lt x y : Z.ltb x y -> zf x < zf y.
Proof.
move/Z.ltb_spec0 => xy; rewrite -subr_gt0 -zfB.
by apply: zf_gt0; apply/Z.ltb_spec0; lia.
Qed.

Lemma zf_dot n u w : size u = n -> size w = n ->
  \sum_(t < n) zf (nth Z0 u t) * zf (nth Z0 w t) = zf (zdot u w).
Proof.
elim: n u w => [|n IH] [|x u] [|y w] //= => [_ _|[su] [sw]]; first by rewrite big_ord0 zf0.
by rewrite big_ord_recl /= IH // zfD zfM.
Qed.

Lemma zf_sum n u : size u = n -> \sum_(t < n) zf (nth Z0 u t) = zf (zsum u).
Proof.
elim: n u => [|n IH] [|x u] //= => [_|[su]]; first by rewrite big_ord0 zf0.
by rewrite big_ord_recl /= IH // zfD.
Qed.
End Morphism.

Section Sound.
Variables (F : realFieldType) (n m : nat) (gn gd rd den D : Z).
Variables (R : seq (seq Z)) (W : seq (seq (seq Z))) (N : seq Z) (pol : seq nat).
Notation zF := (zf F).

(* the MDP and the value vector that the integers denote *)
Definition Pc (s : 'I_n) (a : 'I_m) (t : 'I_n) : F := zF (nth Z0 (Wsa W s a) t) / zF den.
Definition rc (s : 'I_n) (a : 'I_m) : F := zF (Rsa R s a) / zF rd.
Definition gc : F := zF gn / zF gd.
Definition vc (s : 'I_n) : F := zF (Ns N s) / zF D.

Theorem check_sound : check n m gn gd rd den D R W N pol ->
  [/\ 0 <= gc < 1, forall s a, distr (Pc s a) & is_opt Pc gc rc vc].
Proof.
case/and5P=> gn0 gnd rd0 den0 /and3P[D0 /eqP sN /allP ok].
have rdF := zf_gt0 F rd0; have denF := zf_gt0 F den0; have DF := zf_gt0 F D0.
have gdF : 0 < zF gd by apply: le_lt_trans (zf_lt F gnd); apply: zf_ge0.
have st (s : 'I_n) : state_ok n m gn gd rd den D R W N pol s.
  by apply: ok; rewrite mem_iota /=.
have row (s : 'I_n) (a : 'I_m) : row_ok n den (Wsa W s a) /\ Z.leb (qz gn gd rd den D R W N s a) (vz gd rd den N s).
  have /and3P[/allP al _ _] := st s; apply/andP; apply: al; by rewrite mem_iota /=.
have QE (s : 'I_n) (a : 'I_m) :
    QD Pc gc rc vc s a = zF (qz gn gd rd den D R W N s a) / (zF rd * (zF gd * (zF den * zF D))).
  have [/and3P[/eqP sw _ _] _] := row s a; rewrite /QD.
  have -> : \sum_t Pc s a t * vc t = zF (zdot (Wsa W s a) N) / (zF den * zF D).
    rewrite -(zf_dot F sw sN) mulr_suml; apply: eq_bigr => t _.
    by rewrite /Pc /vc mulf_div.
  rewrite /rc /gc mulf_div addf_div ?lt0r_neq0 ?mulr_gt0 //.
  by rewrite /qz zfD !zfM.
have vE (s : 'I_n) : vc s = zF (vz gd rd den N s) / (zF rd * (zF gd * (zF den * zF D))).
  rewrite /vc /vz !zfM; apply/eqP; rewrite eqr_div ?lt0r_neq0 ?mulr_gt0 //.
  by rewrite -!mulrA.
have KF : 0 < (zF rd * (zF gd * (zF den * zF D)))^-1 by rewrite invr_gt0 !mulr_gt0.
split=> [|s a|s].
- rewrite /gc divr_ge0 ?(ltW gdF) ?zf_ge0 //=.
  by rewrite ltr_pdivr_mulr // mul1r zf_lt.
- have [/and3P[/eqP sw /(all_nthP Z0) w0 /Z.eqb_spec ws] _] := row s a; split=> [t|].
    by rewrite /Pc divr_ge0 ?(ltW denF) // zf_ge0 //; apply: w0; rewrite sw.
  by rewrite -mulr_suml (zf_sum F sw) ws divff // lt0r_neq0.
split=> [a|].
  by rewrite QE vE ler_pmul2r // zf_le //; case: (row s a).
have /and3P[_ am /Z.eqb_spec e] := st s.
by exists (Ordinal am); rewrite QE vE /= e.
Qed.
End Sound.
