import type { Fuzzer } from "./campaign.ts"
import { makeCommandLineFuzzer } from "./commandLines.ts"
import * as Decoders from "./decoders.ts"
import { makeRequestFuzzer } from "./emulatorRequests.ts"
import { makeAnswerFuzzer } from "./hostileAnswers.ts"

type StoppableFuzzer = Fuzzer & { readonly stop?: () => Promise<void> }

/** Every fuzzer, by what it tries on what. */
export const fuzzers: ReadonlyArray<readonly [name: string, make: () => StoppableFuzzer | Promise<StoppableFuzzer>]> = [
  ["requests to the emulator", makeRequestFuzzer],
  ["arguments of the command", makeCommandLineFuzzer],
  ["answers to the client", makeAnswerFuzzer],
  ["seats and lists", Decoders.makeSeatFuzzer],
  ["JSON that nests", Decoders.makeJsonFuzzer],
  ["journal lines", Decoders.makeJournalFuzzer],
  ["webhooks", Decoders.makeWebhookFuzzer],
  ["claims", Decoders.makeClaimFuzzer],
  ["streams of events", Decoders.makeStreamFuzzer],
  ["patterns of addresses", Decoders.makeGlobFuzzer]
]
