import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import type { SeatError } from "@polar-seats/domain/SeatError"
import { Seats } from "@polar-seats/domain/Seats"
import { SeatSource, SubscriptionId } from "@polar-seats/domain/SeatSource"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Deferred, Effect, Exit, Fiber, identity, Layer, Redacted, Scope, Stream } from "effect"
import { HttpBody, HttpClient } from "effect/http"
import type { RequestListener } from "node:http"
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Agent, type Dispatcher } from "undici"
import { runToEnd } from "../../scripts/launch.ts"
import { documentedSeat } from "./polarFixtures.ts"
import { serving } from "./testServer.ts"

// transport.test.ts and faultMatrix.test.ts test it on failing sockets

const withClient = Effect.provide(UndiciTransport.layer)
const big = Buffer.alloc(256 * 1024, "x")

describe("a request outside Polar's layers", () => {
  const listener: RequestListener = (request, response) => {
    const chunks: Array<Buffer> = []
    request
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("end", () => {
        const told = Buffer.concat(chunks)
        response.writeHead(request.url === "/none?a=b" ? 204 : 200, {
          "content-type": request.headers["content-type"] ?? "text/plain",
          "set-cookie": ["a=1; Path=/", "b=2"],
          "x-method": request.method,
          "x-path": request.url
        })
        response.end(told)
      })
  }
  const echoed = (body: HttpBody.HttpBody, path = "/echo") =>
    Effect.flatMap(serving(listener), ({ url }) => HttpClient.post(`${url}${path}?a=b#c`, { body }))

  it.live("has the method, path, headers, cookies and body of the answer", () =>
    Effect.gen(function* () {
      const response = yield* echoed(HttpBody.text("hé"))
      assert.strictEqual(response.status, 200)
      assert.strictEqual(response.headers["x-method"], "POST")
      assert.strictEqual(response.headers["x-path"], "/echo?a=b")
      assert.match(response.url, /\/echo\?a=b$/)
      assert.deepStrictEqual(Object.keys(response.cookies.cookies), ["a", "b"])
      assert.strictEqual(yield* response.text, "hé")
      assert.strictEqual((yield* response.arrayBuffer).byteLength, 3)
    }).pipe(withClient)
  )

  it.live("reads JSON, a form, or no body", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* (yield* echoed(HttpBody.jsonUnsafe({ a: 1 }))).json, { a: 1 })
      assert.strictEqual((yield* Effect.flip((yield* echoed(HttpBody.text("{"))).json)).reason._tag, "DecodeError")
      const form = yield* echoed(HttpBody.urlParams([["a", "1"]] as never))
      assert.strictEqual((yield* form.formData).get("a"), "1")
      const none = yield* echoed(HttpBody.empty, "/none")
      assert.strictEqual(none.status, 204)
      assert.strictEqual(yield* none.json, null)
      assert.strictEqual((yield* Effect.flip(none.upgrade)).reason._tag, "StatusCodeError")
    }).pipe(withClient)
  )

  it.live("sends and reads a stream", () =>
    Effect.gen(function* () {
      const chunks = Array.from({ length: 8 }, () => big)
      const response = yield* echoed(HttpBody.stream(Stream.fromIterable(chunks)))
      const sizes = yield* Stream.runCollect(Stream.map(response.stream, ({ byteLength }) => byteLength))
      assert.strictEqual(
        sizes.reduce((total, size) => total + size, 0),
        8 * big.length
      )
      const again = yield* Effect.flip(response.text)
      assert.strictEqual(again.reason._tag, "DecodeError")
    }).pipe(withClient)
  )

  it.live("follows no redirect", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => response.writeHead(307, { location: "/elsewhere" }).end())
      assert.strictEqual((yield* HttpClient.get(url)).status, 307)
    }).pipe(withClient)
  )
})

describe("a connection", () => {
  it.live("is used again, and closes with the layer", () =>
    Effect.gen(function* () {
      const { connections, deserted, url } = yield* serving((_, response) => response.end("{}"))
      const scope = yield* Scope.make()
      const client = Layer.succeedContext(yield* Layer.buildWithScope(UndiciTransport.layer, scope))
      const call = Effect.flatMap(HttpClient.get(url), (response) => response.text)
      yield* Effect.provide(Effect.repeat(call, { times: 9 }), client)
      assert.strictEqual(yield* connections, 1)
      yield* Scope.close(scope, Exit.void)
      yield* deserted
    })
  )

  const endless: RequestListener = (_, response) => {
    const write = () => {
      while (response.write(big));
    }
    response.on("drain", write).on("error", () => {})
    write()
  }

  it.live.each([
    ["as a whole", (url: string) => Effect.flatMap(HttpClient.get(url), (response) => response.text)],
    ["part by part", (url: string) => Effect.flatMap(HttpClient.get(url), ({ stream }) => Stream.runDrain(stream))]
  ] as const)("closes if reading %s is interrupted", ([_, read]) =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const { deserted, url } = yield* serving((_, response) => {
        response.write(big, () => Deferred.doneUnsafe(began, Effect.void))
      })
      const fiber = yield* Effect.forkChild(read(url))
      yield* Deferred.await(began)
      yield* Effect.sleep("20 millis")
      yield* Fiber.interrupt(fiber)
      yield* deserted
    }).pipe(withClient)
  )

  it.live("closes if the reader stops", () =>
    Effect.gen(function* () {
      const { deserted, url } = yield* serving(endless)
      const { stream } = yield* HttpClient.get(url)
      yield* Stream.runDrain(Stream.take(stream, 3))
      yield* deserted
    }).pipe(withClient)
  )

  it.live("makes the server wait for a slow reader, and closes when nobody can read any more", () =>
    Effect.gen(function* () {
      let written = 0
      const { deserted, url } = yield* serving((_, response) => {
        const write = () => {
          do written += big.length
          while (response.write(big))
        }
        response.on("drain", write).on("error", () => {})
        write()
      })
      // In a function of its own, so that nothing here refers to the answer
      yield* Effect.asVoid(HttpClient.get(url))
      yield* Effect.sleep("200 millis")
      const before = written
      yield* Effect.sleep("100 millis")
      assert.strictEqual(written, before)
      setFlagsFromString("--expose-gc")
      const gc: () => void = runInNewContext("gc")
      const collecting = Effect.forever(Effect.andThen(Effect.sync(gc), Effect.sleep("10 millis")))
      yield* Effect.raceFirst(deserted, collecting)
    }).pipe(withClient)
  )
})

describe("under Polar's layers", () => {
  const seatId = SeatId.make("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b")
  const resending = (
    listener: RequestListener,
    options: Partial<PortalSeats.Options>,
    agent: Parameters<typeof UndiciTransport.layerOptions>[0] = {},
    call: (seats: Seats["Service"]) => Effect.Effect<unknown, SeatError> = (seats) => seats.resend(seatId)
  ) =>
    Effect.gen(function* () {
      const { url } = yield* serving(listener)
      const layer = PortalSeats.layer({ token: Redacted.make("polar_cst_a"), baseUrl: url, ...options })
      return yield* Effect.flip(
        Effect.provide(Effect.flatMap(Seats, call), Layer.provide(layer, UndiciTransport.layerOptions(agent)))
      )
    })
  const head = { "content-type": "application/json", "content-length": "100" }

  it.live.each([
    ["before the headers", () => {}],
    ["within the body", (_, response) => void response.writeHead(200, head).write("{")]
  ] satisfies ReadonlyArray<[string, RequestListener]>)(
    "an answer that stops %s fails after `attemptTimeout`",
    ([, listener]) =>
      Effect.gen(function* () {
        const error = yield* resending(listener, { attemptTimeout: "80 millis" })
        assert.deepInclude(error, {
          _tag: "Unavailable",
          reason: { _tag: "OutcomeUnknown", description: "no answer came within 80ms" }
        })
      })
  )

  it.live.each(["Infinity", "30 days"] as const)("a timeout of %s does not end at once", (patience) =>
    Effect.gen(function* () {
      const slow: RequestListener = (_, response) => void setTimeout(() => response.writeHead(500).end(), 100)
      const error = yield* resending(slow, { attemptTimeout: patience, totalTimeout: patience })
      assert.deepInclude(error, { _tag: "Unavailable", reason: { _tag: "ServerFailed", status: 500 } })
    })
  )

  it.live("a refusal that nobody reads leaves the only connection to the next attempt", () =>
    Effect.gen(function* () {
      let requests = 0
      const limited: RequestListener = (_, response) => {
        response.writeHead(requests++ === 0 ? 429 : 404, { "retry-after": "0" })
        response.end(requests === 1 ? big : undefined)
      }
      const list = (seats: Seats["Service"]) =>
        seats.list(SeatSource.Subscription({ id: SubscriptionId.make(documentedSeat.subscription_id) }))
      const error = yield* resending(limited, { attemptTimeout: "3 seconds" }, { connections: 1 }, list)
      assert.strictEqual(error._tag === "Unavailable" && error.reason._tag, "UnexpectedResponse")
      assert.strictEqual(requests, 2)
    })
  )
})

describe("does not build", () => {
  const building = (options: unknown) =>
    Effect.flip(Layer.build(UndiciTransport.layerOptions(options as Agent.Options)))

  // undici itself judges most of these only when it makes a connection, and the call would be in doubt
  it.effect.each([
    ["connections", { connections: -1 }, "invalid connections"],
    ["headersTimeout", { bodyTimeout: 5, headersTimeout: -1 }, "must be a positive integer or zero"],
    ["bodyTimeout", { bodyTimeout: "1 second" }, "must be a positive integer or zero"],
    ["keepAliveTimeout", { keepAliveTimeout: 0 }, "invalid keepAliveTimeout"],
    ["connect", { connect: "127.0.0.1" }, "must be a function or an object"],
    ["connectTimeout", { connectTimeout: -1 }, "invalid connectTimeout"],
    ["keepAlive", { keepAlive: true, pipelining: 1 }, "unsupported keepAlive"],
    ["allowH2", { allowH2: "yes" }, "must be a valid boolean value"],
    ["localAddress", { localAddress: "s3cret" }, "must be valid string IP address"],
    ["maxOrigins", { maxOrigins: 0 }, "must be a number greater than 0"],
    ["factory", { factory: 1 }, "factory must be a function"],
    ["options", null, "they are no object"]
  ] as const)("if undici refuses %s, and names it", ([option, options, says]) =>
    Effect.gen(function* () {
      const error = yield* building(options)
      assert.deepInclude(error, { _tag: "InvalidOption", option })
      assert.include(error.message, says)
      assert.notInclude(error.message, "s3cret")
    }).pipe(Effect.scoped)
  )

  it.effect("over a dispatcher that is none", () =>
    Effect.gen(function* () {
      for (const dispatcher of [{}, undefined, "http://127.0.0.1:3128"]) {
        const error = yield* Effect.flip(UndiciTransport.make(dispatcher as Agent))
        assert.deepInclude(error, { _tag: "InvalidOption", option: "dispatcher" })
      }
    })
  )

  it.live("in a folder without undici, and says what to install", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(join(tmpdir(), "polar-seats-"))),
        (folder) => Effect.promise(() => rm(folder, { recursive: true }))
      )
      const sources = (name: string) => fileURLToPath(new URL(`../../packages/${name}`, import.meta.url))
      yield* Effect.promise(async () => {
        await mkdir(join(folder, "node_modules/@polar-seats"), { recursive: true })
        const effect = fileURLToPath(new URL("../node_modules/effect", import.meta.url))
        await symlink(effect, join(folder, "node_modules/effect"))
        for (const name of ["domain", "http"]) {
          await cp(join(sources(name), "src"), join(folder, name, "src"), { recursive: true })
          await cp(join(sources(name), "package.json"), join(folder, name, "package.json"))
          await symlink(join(folder, name), join(folder, "node_modules/@polar-seats", name))
        }
        await writeFile(
          join(folder, "main.ts"),
          `import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
          import { Effect, Layer } from "effect"
          const errors = [UndiciTransport.layer, UndiciTransport.layerOptions({ connections: 1 })].map((layer) =>
            Effect.flip(Effect.scoped(Layer.build(layer))))
          const all = await Effect.runPromise(Effect.all([...errors, Effect.flip(UndiciTransport.make({ dispatch() {} } as never))]))
          console.log(JSON.stringify(all.map(({ _tag, message }) => [_tag, message])))`
        )
      })
      const { stdout } = yield* Effect.promise(() => runToEnd(process.execPath, [join(folder, "main.ts")]))
      const said =
        "undici cannot be loaded (ERR_MODULE_NOT_FOUND), so nothing was sent: install it with `npm install undici@8`, or " +
        "provide FetchTransport.layer instead."
      assert.deepStrictEqual(
        JSON.parse(stdout),
        Array.from({ length: 3 }, () => ["UndiciUnavailable", said])
      )
    }).pipe(Effect.scoped)
  )
})

describe("another dispatcher", () => {
  const through = (baseUrl: string, interceptor: Dispatcher.DispatcherComposeInterceptor, inAnother = false) => {
    const agent = new Agent()
    const client = Layer.effect(
      HttpClient.HttpClient,
      Effect.gen(function* () {
        yield* Effect.addFinalizer(() => Effect.promise(() => agent.destroy()))
        const own = yield* UndiciTransport.make(agent.compose(interceptor))
        return inAnother ? HttpClient.mapRequest(own, identity) : own
      })
    )
    return Effect.provide(
      PortalSeats.layer({ token: Redacted.make("polar_cst_of_ann"), baseUrl, times: 0 }).pipe(Layer.provide(client))
    )
  }
  const resend = Effect.flatMap(Seats, (seats) => seats.resend(SeatId.make(documentedSeat.id)))

  it.live("may write into the headers of a request without changing the next request", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const { url } = yield* serving((request, response) => {
        seen.push(request.headers["x-nth"])
        response.end(JSON.stringify(documentedSeat))
      })
      let nth = 0
      const number: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
        Object.assign(options.headers ?? {}, { "x-nth": Reflect.get(options.headers ?? {}, "x-nth") ?? String(++nth) })
        return dispatch(options, handler)
      }
      yield* Effect.andThen(resend, resend).pipe(through(url, number))
      assert.deepStrictEqual(seen, ["1", "2"])
    })
  )

  it.live.each([
    ["as given", false],
    ["in another client", true]
  ] as const)("that throws is OutcomeUnknown %s, and leaves no timer", ([_, inAnother]) =>
    Effect.gen(function* () {
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length
      const before = timers()
      const throwing: Dispatcher.DispatcherComposeInterceptor = () => (_options, _handler) => {
        throw Object.assign(new Error("no"), { code: "ECONNREFUSED", syscall: "connect" })
      }
      const error = yield* resend.pipe(through("http://127.0.0.1:9", throwing, inAnother), Effect.flip)
      assert.propertyVal(error, "_tag", "Unavailable")
      assert.deepInclude(Reflect.get(error, "reason"), { _tag: "OutcomeUnknown" })
      assert.isAtMost(timers(), before)
    })
  )
})
