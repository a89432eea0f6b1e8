import { createServer } from "node:http"
import { once } from "node:events"
import { rmSync } from "node:fs"
import { makeTemporaryFolder } from "../../../scripts/temporaryFolder.ts"
import { assertJsonLines } from "../../app/jsonLines.ts"
import { documentedSeat } from "../../http/polarFixtures.ts"
import { type CommandShape, readCommands, runHere } from "../runHere.ts"
import { word } from "../secrets.ts"
import type { Fuzzer } from "./campaign.ts"
import { anySecret, mutateText, oddTexts } from "./mutations.ts"
import type { Random } from "./random.ts"

const id = documentedSeat.id
const seat = {
  ...documentedSeat,
  order_id: null,
  email: "ann@acme.com",
  customer_email: "ann@acme.com",
  member_id: null,
  invitation_token_expires_at: "2999-01-01T00:00:00Z",
  claimed_at: null,
  revoked_at: null
}

/** A Polar that answers as it documents, without asking whether that fits the request. */
const startPolar = async () => {
  let mails = 0
  let turn = 0
  const refusals = [
    [400, { error: "SeatNotPending", detail: "x" }],
    [401, { error: "Unauthorized", detail: "x" }],
    [403, { error: "NotPermitted", detail: "x" }],
    [404, { error: "ResourceNotFound", detail: "x" }],
    [422, { error: "RequestValidationError", detail: [{ type: "x", loc: ["body"], msg: "x" }] }]
  ] as const
  const answerTo = (method = "", url = "") => {
    const refusal = refusals[turn++ % 9]
    if (refusal !== undefined) return refusal
    if (url.includes("/customer-sessions")) {
      const session = { created_at: seat.created_at, modified_at: null, id, token: "polar_cst_new", customer_id: id }
      return [201, { ...session, expires_at: "2999-01-01T00:00:00Z", customer_portal_url: "https://polar.sh" }] as const
    }
    // Every third link is dead
    const current = turn % 3 === 0 ? { ...seat, invitation_token_expires_at: "2020-01-01T00:00:00Z" } : seat
    if (method === "GET") return [200, { seats: [current], available_seats: 0, total_seats: 1 }] as const
    return [200, current] as const
  }
  const server = createServer((request, response) => {
    const { method, url = "" } = request
    if (method === "POST" && !url.includes("/claim") && !url.includes("/customer-sessions")) mails++
    const [status, body] = answerTo(method, url)
    request
      .resume()
      .on("end", () => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body)))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    countMails: () => mails,
    stop: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

// A pace of a few requests a minute would make the command wait
const values = [
  id,
  "ann@acme.com",
  "*@acme.com",
  "team=core",
  "36h",
  "reissue",
  "0",
  "16",
  "100000",
  "127.0.0.1",
  "acme"
]

const anyValue = (random: Random): string => {
  if (random.once(5)) return anySecret(random)
  const value = random.pick(values)
  if (random.once(4)) return random.pick(oddTexts)
  return random.once(6) ? mutateText(random, value) : value
}

// They would ask on the terminal, or run until they are interrupted
const isAsking = (flag: string) => flag === "wizard"
const hasOwnJson = (argument: string) => isServing(argument) || argument === "session" || argument.startsWith("--info")
const isServing = (command: string) => command === "listen" || command === "emulator" || command === "demo"

const anyArguments = (random: Random, commands: ReadonlyArray<CommandShape>): ReadonlyArray<string> => {
  const quick = commands.filter(({ name }) => random.once(40) || !isServing(name))
  const { flags, name, takesArguments } = random.pick(quick)
  const args: Array<string> = random.once(30) ? [anyValue(random)] : [name]
  if (takesArguments || random.once(10)) args.push(random.once(5) ? anyValue(random) : id)
  // One that is no seat, among others
  if (takesArguments && random.once(3)) args.push(anyValue(random))
  if (!random.once(4)) args.push(random.pick(["--subscription", "--order"]), random.once(6) ? anyValue(random) : id)
  if (name === "assign" && !random.once(4)) args.push("--email", "ann@acme.com")
  if (name === "session" && !random.once(4)) args.push("--external-customer", "acme")
  for (let left = random.int(4); left > 0; left--) {
    const flag = random.pick(flags.filter(({ name }) => !isAsking(name)))
    const spelled = random.once(20) ? mutateText(random, `--${flag.name}`) : `--${flag.name}`
    const value = flag.name === "pace" ? random.pick(["0", "-1", "x", "100000"]) : anyValue(random)
    const place = random.int(args.length + 1)
    if (flag.takesValue !== random.once(20))
      args.splice(place, 0, ...(random.once(3) ? [`${spelled}=${value}`] : [spelled, value]))
    else args.splice(place, 0, spelled)
  }
  // No command line holds a zero byte
  return args.map((argument) => argument.replaceAll("\0", "")).filter((argument) => !/^--?wiz/i.test(argument))
}

const anyEnvironment = (random: Random, url: string): Readonly<Record<string, string>> => {
  const env: Record<string, string> = {
    POLAR_API_URL: url,
    POLAR_ACCESS_TOKEN: `polar_oat_${word}`,
    POLAR_CUSTOMER_SESSION: `polar_cst_${word}`,
    POLAR_INVITATION_TOKEN: word,
    POLAR_WEBHOOK_SECRET: `whsec_${word}`
  }
  if (random.once(4)) delete env["POLAR_CUSTOMER_SESSION"]
  if (random.once(6)) env["POLAR_ENVIRONMENT"] = random.pick(["sandbox", "production", anySecret(random), ...oddTexts])
  if (random.once(10))
    env["POLAR_API_URL"] = random.pick([`${url}?x=${anySecret(random)}`, `ftp://${anySecret(random)}`, "x"])
  // An empty one would make the command read stdin
  if (random.once(8)) env["POLAR_INVITATION_TOKEN"] = `x${random.pick(oddTexts)}`
  if (random.once(8)) env["POLAR_ACCESS_TOKEN"] = anyValue(random)
  return env
}

const documented = new Set<number | undefined>([0, 1, 2, 3, 5, 130])

/**
 * Runs changed command lines in this process. It fails on an exit code that is not documented, a stack trace, a secret in an
 * output, a mail after wrong use, JSON that does not fit its schema, and a command that does not end.
 */
export const makeCommandLineFuzzer = async (): Promise<Fuzzer & { readonly stop: () => Promise<void> }> => {
  const polar = await startPolar()
  const commands = await readCommands()
  const folder = makeTemporaryFolder("fuzz")
  const before = process.cwd()
  process.chdir(folder)
  const seen = new Map<string, number>()
  return {
    seen,
    attempt: async (random, note) => {
      const args = anyArguments(random, commands)
      const env = anyEnvironment(random, polar.url)
      note({ args, env })
      const mails = polar.countMails()
      const isServer = args.some(isServing)
      const { code, defect, stderr, stdout } = await runHere(args, env, isServer ? 50 : 10_000)
      const printed = `${stdout}\n${stderr}`
      const fault = (what: string): never => {
        throw new Error(`${what}, code ${code}: ${printed}${defect}`)
      }
      if (defect !== "") fault("it died")
      if (!documented.has(code) && !(isServer && code === undefined)) fault("its end is not documented")
      if (/^ +at .+[:(]\d+/m.test(printed) || printed.includes("node_modules")) fault("it printed a stack trace")
      if (printed.includes(word.slice(0, 12))) fault("it printed a secret")
      if (code === 2 && polar.countMails() > mails) fault("it mailed, although it was used wrongly")
      const isOfSeats = args.every((argument) => !hasOwnJson(argument)) && stdout.startsWith("{")
      if (code !== undefined && isOfSeats) assertJsonLines(["list", "--json"], { code, stdout: `${stdout}\n` })
      if (code !== 0 && stderr === "" && code !== undefined) fault("it did not say why")
      seen.set(`code ${code ?? "none"}`, (seen.get(`code ${code ?? "none"}`) ?? 0) + 1)
    },
    stop: async () => {
      polar.stop()
      process.chdir(before)
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
