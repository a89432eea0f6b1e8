import { it } from "@effect/vitest"
import { hostileCases } from "../http/fuzzCases.ts"

it.effect(
  "20,000 random answers to each operation end in a value or a declared error",
  () => hostileCases(20_000, "long"),
  1_200_000
)
