/** A program that a process can be told to run. `person` is the index of a person of the team. */
export type Program =
  | {
      readonly run: "remind"
      readonly onExpired: "fail" | "resendAnyway" | "reissue"
      readonly cooldownHours: number
      readonly retryUnknown: boolean
      readonly concurrency: number
    }
  | { readonly run: "work"; readonly onExpired: "fail" | "reissue" }
  | { readonly run: "reissue"; readonly person: number; readonly again: boolean }
  | { readonly run: "resend"; readonly person: number; readonly byId: boolean; readonly again: boolean }
  | { readonly run: "finish"; readonly again: boolean }

/** A fault that befalls the next request of a process. */
export type Fault =
  | { readonly kind: "rate limited"; readonly retryAfter: string | null }
  | { readonly kind: "failed before" | "failed after" | "cut before" | "cut after" | "not sent" | "late" | "swapped" }
  | { readonly kind: "slow"; readonly seconds: number }

export type Step =
  | { readonly step: "start"; readonly process: number; readonly program: Program }
  | { readonly step: "kill" | "pause" | "continue"; readonly process: number }
  | { readonly step: "fault"; readonly process: number; readonly fault: Fault }
  | { readonly step: "clock"; readonly process: number; readonly hours: number }
  | { readonly step: "advance"; readonly seconds: number }
  | { readonly step: "assign" | "remove" | "claim"; readonly person: number }
  /** The administrator takes the seat of one person and gives it to another. */
  | { readonly step: "move"; readonly person: number; readonly to: number }

/** A team and what happens to it. `kinds` has a person's seat each; `latency` picks the travel times of requests. */
export interface Schedule {
  readonly kinds: ReadonlyArray<"live" | "expired" | "claimed">
  readonly spare: number
  readonly latency: number
  readonly steps: ReadonlyArray<Step>
}

/** A small generator of numbers with a seed: mulberry32. */
export const random = (seed: number) => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const pick = <A>(...choices: ReadonlyArray<A>): A => choices[below(choices.length)] as A
  return { next, below, pick, chance: (share: number) => next() < share }
}
type Random = ReturnType<typeof random>

const processes = 3

const programOf = ({ below, chance, pick }: Random, people: number): Program => {
  const run = pick("remind", "remind", "remind", "reissue", "reissue", "resend", "finish", "work")
  switch (run) {
    case "remind":
      return {
        run,
        onExpired: pick("fail", "resendAnyway", "reissue", "reissue", "reissue"),
        cooldownHours: pick(1, 24),
        retryUnknown: chance(0.25),
        concurrency: pick(1, 2, 16)
      }
    case "work":
      return { run, onExpired: pick("fail", "reissue") }
    case "reissue":
      return { run, person: below(people), again: chance(0.15) }
    case "resend":
      return { run, person: below(people), byId: chance(0.4), again: chance(0.15) }
    case "finish":
      return { run, again: chance(0.15) }
  }
}

const faultOf = ({ pick }: Random): Fault => {
  const kind = pick(
    "rate limited",
    "failed before",
    "failed after",
    "cut before",
    "cut after",
    "not sent",
    "late",
    "slow",
    "slow",
    "swapped"
  )
  switch (kind) {
    case "rate limited":
      return { kind, retryAfter: pick(null, "0", "7", "60", "3600", "999999999", "Fri, 31 Dec 2100 23:59:59 GMT") }
    case "slow":
      return { kind, seconds: pick(3, 8, 25) }
    default:
      return { kind }
  }
}

const stepOf = (random: Random, people: number): Step => {
  const { below, pick } = random
  const process = below(processes)
  const step = pick<Step["step"] | "run">(
    ...([
      "run",
      "run",
      "run",
      "run",
      "advance",
      "advance",
      "advance",
      "advance",
      "advance",
      "fault",
      "fault",
      "fault"
    ] as const),
    ...(["kill", "pause", "pause", "continue", "clock", "assign", "remove", "claim", "move"] as const)
  )
  switch (step) {
    case "run":
    case "start":
      return { step: "start", process, program: programOf(random, people) }
    case "advance":
      return { step, seconds: pick(0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 4, 8, 30, 90, 200, 3700, 90_000) }
    case "fault":
      return { step, process, fault: faultOf(random) }
    case "kill":
    case "pause":
    case "continue":
      return { step, process }
    case "clock":
      return { step, process, hours: pick(-6, 6, 0.1, -0.1) }
    case "assign":
    case "remove":
    case "claim":
      return { step, person: below(people) }
    case "move":
      return { step, person: below(people), to: below(people) }
  }
}

/** A program, and soon after it something that comes between its requests. */
const burstOf = (random: Random, people: number): ReadonlyArray<Step> => {
  const { below, pick } = random
  const process = below(processes)
  const person = below(people)
  const between = pick<Step>(
    { step: "move", person, to: below(people) },
    { step: "move", person, to: (person + 1) % people },
    { step: "remove", person },
    { step: "claim", person },
    { step: "pause", process },
    { step: "kill", process },
    { step: "start", process: below(processes), program: programOf(random, people) }
  )
  return [
    { step: "start", process, program: programOf(random, people) },
    { step: "advance", seconds: pick(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6) },
    between
  ]
}

/** The schedule of a seed. */
export const scheduleOf = (seed: number): Schedule => {
  const numbers = random(seed)
  const { below, chance, pick } = numbers
  const people = 2 + below(3)
  return {
    kinds: Array.from({ length: people }, () => pick("live", "live", "expired", "expired", "expired", "claimed")),
    spare: below(2),
    latency: below(1_000_000),
    steps: Array.from({ length: 4 + below(24) }, () =>
      chance(0.25) ? burstOf(numbers, people) : [stepOf(numbers, people)]
    ).flat()
  }
}

/** A schedule as a program that can be pasted into a test. */
export const print = (schedule: Schedule): string => {
  const steps = schedule.steps.map((step) => `    ${JSON.stringify(step)}`).join(",\n")
  const { kinds, latency, spare } = schedule
  return `{\n  kinds: ${JSON.stringify(kinds)}, spare: ${spare}, latency: ${latency},\n  steps: [\n${steps}\n  ]\n}`
}

const without = (steps: ReadonlyArray<Step>, from: number, count: number) => [
  ...steps.slice(0, from),
  ...steps.slice(from + count)
]

/** The smallest schedule that still fails, by leaving out steps. */
export const shrink = async (
  schedule: Schedule,
  fails: (schedule: Schedule) => Promise<boolean>
): Promise<Schedule> => {
  let smallest = schedule
  let length: number
  do {
    length = smallest.steps.length
    for (let size = Math.max(1, Math.floor(length / 2)); size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < smallest.steps.length;) {
        const candidate = { ...smallest, steps: without(smallest.steps, from, size) }
        if (await fails(candidate)) smallest = candidate
        else from += size
      }
    }
    // A step that could not be left out before may be now
  } while (smallest.steps.length < length)
  return smallest
}
