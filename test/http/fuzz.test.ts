import { it } from "@effect/vitest"
import { hostileCases } from "./fuzzCases.ts"

it.effect("whatever a server answers, a call ends in its declared channel, and in time", () =>
  hostileCases(100, "short")
)
