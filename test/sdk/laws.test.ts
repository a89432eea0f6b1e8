import { describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { obeys } from "../laws/laws.ts"
import { world } from "../laws/world.ts"
import { Polar } from "./polar.ts"
import * as SdkSeats from "./SdkSeats.ts"

describe("Seats through @polar-sh/sdk 1.0.1", () => {
  obeys(
    {
      surface: "portal",
      host: /^127\.0\.0\.1:\d+$/,
      layer: (token) =>
        Layer.unwrap(Effect.map(Polar, ({ url }) => SdkSeats.layer({ token, baseUrl: url }))).pipe(
          Layer.provideMerge(Polar.layer(world))
        )
    },
    it.live
  )
})
