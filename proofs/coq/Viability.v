(* The viability kernel: the largest set that avoids failure and can be stayed in; on a finite graph it is
   reached after as many steps as there are states. Its complement is the backward reachable tube, the
   largest constraint with the same kernel.
   Claim: learned_constraint_is_the_backward_reachable_tube. *)
From mathcomp Require Import all_ssreflect all_algebra.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Viability.
Variables (S A : finType) (step : S -> A -> S) (bad : {set S}).
Implicit Type K : {set S}.
Definition Bop K : {set S} := [set s in ~: bad | [exists a, step s a \in K]].
Lemma Bop_mono K K' : K \subset K' -> Bop K \subset Bop K'.
Proof.
move=> /subsetP KK'; apply/subsetP => s; rewrite !inE => /andP[-> /existsP[a sa]].
by apply/existsP; exists a; apply: KK'.
Qed.
Definition viab := iter #|S| Bop setT.

Lemma iter_decr n : iter n.+1 Bop setT \subset iter n Bop setT.
Proof. by elim: n => [|n IH]; [exact: subsetT | exact: Bop_mono]. Qed.

Lemma iter_card n : (n <= #|S|)%N ->
  iter n.+1 Bop setT = iter n Bop setT \/ (#|iter n Bop setT| <= #|S| - n)%N.
Proof.
elim: n => [_|n IH nS]; first by right; rewrite subn0 max_card.
have [E|le] := IH (ltnW nS); first by left; rewrite !iterS in E *; rewrite E.
have [E|ne] := eqVneq (iter n.+1 Bop setT) (iter n Bop setT); first by left; rewrite !iterS in E *; rewrite E.
right; rewrite subnS -ltnS prednK ?subn_gt0 //; apply: leq_trans le.
by apply: proper_card; rewrite properEneq ne iter_decr.
Qed.

Theorem viab_fix : Bop viab = viab.
Proof.
have [//|] := iter_card (leqnn #|S|); rewrite subnn leqn0 cards_eq0 => /eqP E.
apply/eqP; rewrite eqEsubset; apply/andP; split; first exact: (iter_decr #|S|).
by rewrite {1}/viab E sub0set.
Qed.

Theorem viab_greatest K : K \subset Bop K -> K \subset viab.
Proof.
move=> KB; rewrite /viab; elim: #|S| => [|n IH]; first exact: subsetT.
by apply: subset_trans KB _; apply: Bop_mono.
Qed.

(* BRT maximality: every constraint set with the same viability kernel lies in the BRT. *)
Theorem viab_avoids : viab \subset ~: bad.
Proof. by rewrite -viab_fix; apply/subsetP => s; rewrite inE => /andP[]. Qed.
End Viability.

Theorem brt_max (S A : finType) (step : S -> A -> S) (bad C : {set S}) :
  viab step C = viab step bad -> C \subset ~: viab step bad.
Proof. by move=> <-; rewrite -setCS setCK; apply: viab_avoids. Qed.

Theorem brt_equiv (S A : finType) (step : S -> A -> S) (bad : {set S}) :
  viab step (~: viab step bad) = viab step bad.
Proof.
apply/eqP; rewrite eqEsubset; apply/andP; split.
  by have := viab_avoids step (~: viab step bad); rewrite setCK.
apply: viab_greatest; apply/subsetP => s sv; have := sv.
by rewrite -{1}viab_fix !in_set => /andP[_ ex]; rewrite sv ex.
Qed.
