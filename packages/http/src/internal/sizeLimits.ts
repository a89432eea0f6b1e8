import { checkCount } from "@polar-seats/domain/InvalidOption"
import * as Effect from "effect/Effect"
import type { SizeLimits } from "./exchange.ts"
import type { Options } from "./polarClient.ts"

/** The size limits of a call that changes something, of one that reads, and of one that reads a list. */
export const checkSizes = Effect.fnUntraced(function* ({
  maxBytes = {},
  maxHeaderBytes
}: Pick<Options, "maxBytes" | "maxHeaderBytes">) {
  const maxSingle = yield* checkCount("maxBytes.single", maxBytes.single ?? 1024 * 1024)
  const maxList = yield* checkCount("maxBytes.list", maxBytes.list ?? 64 * 1024 * 1024)
  const headers = yield* checkCount("maxHeaderBytes", maxHeaderBytes ?? 64 * 1024)
  // The client reads no body of a 5xx, because the status is enough. So is a 429, if it does not matter what Polar did
  const sizeLimits = (success: number, isEnough: (status: number) => boolean): SizeLimits => ({
    headers,
    body: (status) => (isEnough(status) ? undefined : status === 200 ? success : maxSingle)
  })
  const isFailureOrLimit = (status: number) => status === 429 || status >= 500
  return {
    changing: sizeLimits(maxSingle, (status) => status >= 500),
    single: sizeLimits(maxSingle, isFailureOrLimit),
    list: sizeLimits(maxList, isFailureOrLimit)
  }
})
