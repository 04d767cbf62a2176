(* Nonnegative multipliers y with y M = 0 and y b < 0 refute M x <= b: the half of Farkas' lemma that a
   certificate of infeasibility needs. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Farkas.
Variables (F : realFieldType) (I K : finType) (M : I -> K -> F) (b y : I -> F).
Theorem farkas_sound :
  (forall i, 0 <= y i) -> (forall j, \sum_i y i * M i j = 0) -> \sum_i y i * b i < 0 ->
  ~ exists x : K -> F, forall i, \sum_j M i j * x j <= b i.
Proof.
move=> y0 yM yb [x Mx].
have yMx : \sum_i y i * (\sum_j M i j * x j) = 0.
  under eq_bigr do rewrite mulr_sumr; rewrite exchange_big /= big1 // => j _.
  by under eq_bigr do rewrite mulrA; rewrite -mulr_suml yM mul0r.
have : \sum_i y i * (\sum_j M i j * x j) <= \sum_i y i * b i.
  by apply: ler_sum => i _; apply: ler_wpmul2l.
by rewrite yMx leNgt yb.
Qed.
End Farkas.
