(* The squared residual of one sample exceeds the squared mean residual by a variance:
   E (c + g v)^2 = (c + g E v)^2 + g^2 Var v, for every distribution.
   Claim: double_sampling_bias_is_next_state_variance. *)
From mathcomp Require Import all_ssreflect all_algebra.
From MDPKit Require Import Core.
Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section DoubleSampling.
Variables (F : realFieldType) (T : finType) (p : T -> F).
Hypothesis p_d : distr p.
Definition E (f : T -> F) := \sum_t p t * f t.
Definition Var f := E (fun t => (f t - E f) ^+ 2).

Lemma E_affine a b f : E (fun t => a + b * f t) = a + b * E f.
Proof.
rewrite /E; under eq_bigr do rewrite mulrDr [p _ * (b * _)]mulrCA.
by rewrite big_split /= -mulr_suml (proj2 p_d) mul1r -mulr_sumr.
Qed.

Lemma second_moment f : E (fun t => f t ^+ 2) = E f ^+ 2 + Var f.
Proof.
have -> : Var f = E (fun t => f t ^+ 2) - E f ^+ 2.
  have [_ p1] := p_d; rewrite /Var {1 3}/E.
  have -> : \sum_t p t * (f t - E f) ^+ 2
     = \sum_t (p t * f t ^+ 2 - E f *+ 2 * (p t * f t) + p t * E f ^+ 2).
    apply: eq_bigr => t _; rewrite sqrrB mulrDr mulrBr; congr (_ - _ + _).
    by rewrite mulrnAr mulrnAl; congr (_ *+ 2); rewrite [RHS]mulrCA [f t * _]mulrC.
  rewrite big_split sumrB /= -mulr_sumr -mulr_suml p1 mul1r -/(E f).
  by rewrite mulrnAl -expr2 mulr2n opprD addrA subrK.
by rewrite addrCA subrr addr0.
Qed.

Theorem double_sampling c g v :
  E (fun t => (c + g * v t) ^+ 2) = (c + g * E v) ^+ 2 + g ^+ 2 * Var v.
Proof.
rewrite second_moment E_affine; congr (_ + _).
rewrite /Var /E mulr_sumr; apply: eq_bigr => t _; rewrite -/(E _) E_affine.
by rewrite opprD addrACA subrr add0r -mulrBr exprMn mulrCA.
Qed.
End DoubleSampling.
