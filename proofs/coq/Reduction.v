(* The payoff of the mixture of N rounds is the average regret of the adversary plus the average payoff of
   the rounds, for each adversary c. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Reduction.
Variables (F : realFieldType) (D : finType) (N : nat) (f : 'I_N -> D -> F) (d : 'I_N -> D -> F).
Hypothesis N0 : (0 < N)%N.
Implicit Type c : D -> F.
Definition ip c e : F := \sum_x c x * e x.      (* e = occupancy of the expert - of the learner *)
Definition mix x := N%:R^-1 * \sum_i d i x.
Theorem reduction c :
  ip c mix = N%:R^-1 * (\sum_i (ip c (d i) - ip (f i) (d i)) + \sum_i ip (f i) (d i)).
Proof.
rewrite sumrB subrK /ip exchange_big mulr_sumr; apply: eq_bigr => x _.
by rewrite /mix mulrCA mulr_sumr.
Qed.
End Reduction.
