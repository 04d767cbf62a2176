(* Written by audit.py from theorems.json. *)
From mathcomp Require Import all_ssreflect all_algebra.
Import GRing.Theory Num.Theory.
Local Open Scope ring_scope.
From MDPKit Require Import Core Discounted RegretGap ZeroSum DoubleSampling Farkas StepGames Reduction Viability CertZ Refutations.
Check Core.master.
Print Assumptions Core.master.
Check Core.J_occ.
Print Assumptions Core.J_occ.
Check Core.pdl.
Print Assumptions Core.pdl.
Check Core.pdl_learner.
Print Assumptions Core.pdl_learner.
Check Core.simulation.
Print Assumptions Core.simulation.
Check Core.shaping.
Print Assumptions Core.shaping.
Check Core.shaping_optimal.
Print Assumptions Core.shaping_optimal.
Check Discounted.shaping_optimal_policies.
Print Assumptions Discounted.shaping_optimal_policies.
Check Core.bc_bound.
Print Assumptions Core.bc_bound.
Check RegretGap.cex_wf.
Print Assumptions RegretGap.cex_wf.
Check RegretGap.regret_gap.
Print Assumptions RegretGap.regret_gap.
Check RegretGap.value_gap.
Print Assumptions RegretGap.value_gap.
Check RegretGap.expert_regret.
Print Assumptions RegretGap.expert_regret.
Check RegretGap.learner_regret.
Print Assumptions RegretGap.learner_regret.
Check RegretGap.learner_regret_is_not_the_horizon.
Print Assumptions RegretGap.learner_regret_is_not_the_horizon.
Check Discounted.value_unique.
Print Assumptions Discounted.value_unique.
Check Discounted.opt_unique.
Print Assumptions Discounted.opt_unique.
Check Discounted.opt_dominates.
Print Assumptions Discounted.opt_dominates.
Check Discounted.opt_attained.
Print Assumptions Discounted.opt_attained.
Check Discounted.shaping_value.
Print Assumptions Discounted.shaping_value.
Check Discounted.shaping_opt.
Print Assumptions Discounted.shaping_opt.
Check ZeroSum.exploitability_eq_regret.
Print Assumptions ZeroSum.exploitability_eq_regret.
Check DoubleSampling.double_sampling.
Print Assumptions DoubleSampling.double_sampling.
Check Farkas.farkas_sound.
Print Assumptions Farkas.farkas_sound.
Check StepGames.mmdp_bound.
Print Assumptions StepGames.mmdp_bound.
Check StepGames.pdam.
Print Assumptions StepGames.pdam.
Check Reduction.reduction.
Print Assumptions Reduction.reduction.
Check Viability.viab_fix.
Print Assumptions Viability.viab_fix.
Check Viability.viab_greatest.
Print Assumptions Viability.viab_greatest.
Check Viability.viab_avoids.
Print Assumptions Viability.viab_avoids.
Check Viability.brt_max.
Print Assumptions Viability.brt_max.
Check Viability.brt_equiv.
Print Assumptions Viability.brt_equiv.
Check CertZ.check_sound.
Print Assumptions CertZ.check_sound.
Check Refutations.cloning_weights_count_the_step.
Print Assumptions Refutations.cloning_weights_count_the_step.
Check Refutations.undiscounted_values_are_not_unique.
Print Assumptions Refutations.undiscounted_values_are_not_unique.
