import { it } from "@effect/vitest"
import { hostileCases } from "./fuzzCases.ts"

it.effect("ends every call in time and in its declared channel, whatever the server answers", () =>
  hostileCases(100, "short")
)
