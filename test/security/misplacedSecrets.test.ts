import { createServer } from "node:http"
import { once } from "node:events"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { assert, beforeAll, describe, it } from "vitest"
import { makeTemporaryFolder } from "../../scripts/temporaryFolder.ts"
import { run } from "../app/runCli.ts"
import { secretKinds, word } from "./secrets.ts"
import { type CommandShape, type Done, readCommands, runHere } from "./runHere.ts"

const id = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
const bare = secretKinds["a bare invitation"]

/** A Polar that answers with what it got, and counts the requests. */
const startEcho = async () => {
  let requests = 0
  const server = createServer((request, response) => {
    requests++
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const msg = Buffer.concat(chunks).toString()
      const body = { error: "RequestValidationError", detail: [{ type: "value_error", loc: ["body", msg], msg }] }
      response.writeHead(422, { "content-type": "application/json" }).end(JSON.stringify(body))
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`,
    countRequests: () => requests,
    stop: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

let echo: Awaited<ReturnType<typeof startEcho>>
let commands: ReadonlyArray<CommandShape>
let folder: string
beforeAll(async () => {
  echo = await startEcho()
  commands = await readCommands()
  folder = makeTemporaryFolder("misplaced")
  // A secret as the name of a journal makes a file
  const before = process.cwd()
  process.chdir(folder)
  return () => {
    echo.stop()
    process.chdir(before)
    rmSync(folder, { recursive: true })
  }
})

const environment = () => ({
  POLAR_API_URL: echo.url,
  POLAR_ACCESS_TOKEN: "polar_oat_real",
  POLAR_CUSTOMER_SESSION: "polar_cst_real",
  POLAR_INVITATION_TOKEN: "real",
  POLAR_WEBHOOK_SECRET: `polar_whs_${"a".repeat(32)}`
})

/** Arguments with which a command has all that it needs, so that nothing but the secret is wrong. */
const enoughFor = ({ flags, name, takesArguments }: CommandShape, except = ""): ReadonlyArray<string> => [
  ...(takesArguments ? [id] : []),
  ...(flags.some(({ name }) => name === "subscription") && except !== "subscription" && name !== "demo"
    ? ["--subscription", id]
    : []),
  ...(name === "assign" && except !== "email" ? ["--email", "ann@acme.com"] : []),
  ...(name === "session" && except !== "external-customer" ? ["--external-customer", "acme"] : [])
]

/** Each place of a command line where a secret may stand. */
const placementsIn = (command: CommandShape, secret: string): ReadonlyArray<ReadonlyArray<string>> => {
  const { flags, name } = command
  const enough = enoughFor(command)
  return [
    [name, ...enough, secret],
    [name, secret, ...enough],
    [name, ...enough, `--${secret}`],
    [name, ...enough, `--${secret}=value`],
    [name, ...enough, `-${secret}`],
    [name, ...enough, "--", secret],
    [`--${secret}`, name, ...enough],
    ...flags.flatMap((flag) => {
      const rest = enoughFor(command, flag.name)
      return [
        [name, ...rest, `--${flag.name}`, secret],
        [name, ...rest, `--${flag.name}=${secret}`],
        ...(flag.takesValue
          ? [
              [name, ...rest, `--${flag.name}`, `key=${secret}`],
              [name, ...rest, `--${flag.name}`, `${secret}=value`],
              [name, ...rest, `--${flag.name}`, join(folder, secret.replaceAll("/", "_"))]
            ]
          : [[name, ...rest, `--${flag.name}${secret}`]])
      ]
    })
  ]
}

/** The output of a command, if that has even a part of the secret. */
const findLeak = (args: ReadonlyArray<string>, { defect, stderr, stdout }: Done): ReadonlyArray<string> => {
  const printed = `${stdout}${stderr}${defect}`
  const isLeak = printed.toLowerCase().includes(word.slice(0, 12).toLowerCase())
  return isLeak || defect !== "" ? [`${args.join(" ")}: ${printed}`] : []
}

describe.each(Object.entries(secretKinds))("%s", (kind, secret) => {
  it("is never printed, whichever argument of whichever command it stands in for", async () => {
    for (const command of commands) {
      // The flags that every command has behave alike
      const shape = command.name === "list" ? command : { ...command, flags: command.flags.filter(isOwn) }
      for (const args of placementsIn(shape, secret)) {
        const before = echo.countRequests()
        const done = await runHere(args, environment())
        assert.deepEqual(findLeak(args, done), [])
        if (kind === "a bare invitation") continue
        assert.deepEqual({ code: done.code, stdout: done.stdout }, { code: 2, stdout: "" }, args.join(" "))
        assert.strictEqual(echo.countRequests(), before, `${args.join(" ")} sends nothing`)
        assert.match(
          done.stderr,
          /^The command did nothing, because .+ stands .+\. .+ (revoke it|reissue its seat), .+ in POLAR_\w+\.$/
        )
      }
    }
  })

  it("is never printed with --json and --verbose", async () => {
    for (const command of commands) {
      for (const args of placementsIn({ ...command, flags: command.flags.filter(isOwn) }, secret)) {
        const all = [...args.slice(0, 1), "--json", "--verbose", ...args.slice(1)]
        assert.deepEqual(findLeak(all, await runHere(all, environment())), [])
      }
    }
  })

  it("is never printed in the place of a command", async () => {
    for (const args of [[secret], ["--verbose", secret], [secret, "list"], ["--allow-host", secret, "list"]]) {
      assert.deepEqual(findLeak(args, await runHere(args, environment())), [])
    }
  })

  it("is never printed from an environment variable of another kind", async () => {
    const variables = [
      ...Object.keys(environment()),
      "POLAR_ENVIRONMENT",
      "HTTP_PROXY",
      "NO_PROXY",
      "NODE_USE_ENV_PROXY"
    ]
    const values = [secret, `http://user:${secret}@127.0.0.1:1/`, `${echo.url}/?a=${secret}`, `http:/${secret}`]
    const runs = variables.flatMap((variable) =>
      values.map(async (value) => {
        const { POLAR_API_URL, ...others } = environment()
        const rest = variable === "POLAR_ENVIRONMENT" ? others : { ...others, POLAR_API_URL }
        const args = [...commandFor(variable), "--verbose"]
        return findLeak([`${variable}=${value}`, ...args], await runHere(args, { ...rest, [variable]: value }))
      })
    )
    assert.deepEqual((await Promise.all(runs)).flat(), [])
  })
})

/** A command that reads this variable. */
const commandFor = (variable: string): ReadonlyArray<string> => {
  if (variable === "POLAR_INVITATION_TOKEN") return ["claim", "--info"]
  if (variable === "POLAR_ACCESS_TOKEN") return ["session", "--external-customer", "acme"]
  return variable === "POLAR_WEBHOOK_SECRET" ? ["listen"] : ["list", "--subscription", id]
}

const common = new Set(["allow-host", "json", "verbose", "help", "version", "wizard", "completions", "log-level"])
const isOwn = ({ name }: { readonly name: string }) => !common.has(name)

it("a bare invitation that may be an id of the caller's own is sent as one", async () => {
  const before = echo.countRequests()
  const done = await runHere(["session", "--external-customer", bare], environment())
  assert.strictEqual(done.code, 3)
  assert.strictEqual(echo.countRequests(), before + 1)
  assert.include(done.stderr, "…")
})

it("wrong use with a bare invitation says what to do about it", async () => {
  const { stderr } = await runHere(["list", "--subscription", bare], environment())
  assert.include(stderr, 'Invalid value for flag --subscription: "…"')
  assert.include(stderr, "reissue its seat")
})

// The process itself: its arguments, its stdin, and whatever it prints at its end
it.concurrent.each(["a customer session", "an invitation link", "a bare invitation"] as const)(
  "a process never prints %s",
  async (kind) => {
    const secret = secretKinds[kind]
    const { POLAR_INVITATION_TOKEN: _, ...env } = environment()
    const places = [
      { args: [secret], stdin: "" },
      // A token of another kind, or of nothing at all
      { args: ["claim"], stdin: kind === "a customer session" ? secret : `${id}${secret}` }
    ]
    for (const { args, stdin } of places) {
      const { stderr, stdout } = await run([...args, "--verbose"], env, { stdin })
      assert.deepEqual(findLeak(args, { code: 0, stdout, stderr, defect: "" }), [])
      assert.isNotEmpty(stderr)
    }
  }
)
