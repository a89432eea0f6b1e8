import type { Outbox } from "@polar-seats/emulator/Outbox"
import { SeatSource } from "@polar-seats/domain/SeatSource"
import { Emulator } from "@polar-seats/emulator/Emulator"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as NetAddress from "effect/net/NetAddress"
import { fileURLToPath } from "node:url"

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

interface Assets {
  readonly script: string
  readonly style: string
}

/** What the build left beside this module. */
const prebuilt = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const read = (name: string) => files.readFileString(pathOf(name))
  return { script: yield* read("./page.js"), style: yield* read("./page.css") }
})

// The workspace runs from source, and a browser does not
const bundled = Effect.tryPromise(() => import("esbuild")).pipe(
  Effect.flatMap((esbuild) =>
    Effect.tryPromise(() =>
      esbuild.build({
        entryPoints: [pathOf("../page/page.ts"), pathOf("../page/page.css")],
        bundle: true,
        minify: true,
        format: "esm",
        target: "es2023",
        outdir: "dist",
        write: false,
        logLevel: "silent"
      })
    ).pipe(Effect.ensuring(Effect.promise(() => esbuild.stop())))
  ),
  Effect.map(({ outputFiles }) => {
    const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ""
    return { script: text(".js"), style: text(".css") }
  })
)

const assets = Effect.orElseSucceed(
  Effect.catch(prebuilt, () => bundled),
  (): Assets | undefined => undefined
)

/**
 * Where the page finds the emulator: on another origin than its own, so that its calls cross over as they would to
 * Polar. One server is two origins, by its address and by the name of the machine.
 */
const apiFor = (host: string | undefined, address: NetAddress.SocketAddress): string => {
  if (NetAddress.isUnixPathAddress(address)) return ""
  const { address: ip, port } = address
  const isNamed = /^localhost(:|$)/i.test(host ?? "")
  const literal = NetAddress.isUnspecified(ip) ? "127.0.0.1" : ip._tag === "Ipv6Address" ? "[::1]" : "127.0.0.1"
  return `http://${isNamed ? literal : "localhost"}:${port}`
}

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M4 1v8h8V7M4 9v6m8-6v6' " +
  "fill='none' stroke='%233b6fd4' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"

const document = (api: string) => `<!doctype html>
<html lang="en" data-api="${api}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Seats · polar-seats emulator</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="/page.css">
<script type="module" src="/page.js"></script>
</head>
<body><noscript>This page needs JavaScript. The emulator itself does not.</noscript></body>
</html>
`

const headers = (api: string) => ({
  "cache-control": "no-store",
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src data:",
    `connect-src 'self' ${api}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'"
  ].join("; "),
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
})

/** What the page has to know of the emulator that neither Polar nor the control API tells. Nothing secret is in it. */
const knowledge = Effect.fnUntraced(function* (emulator: Emulator["Service"]) {
  return {
    now: DateTime.toEpochMillis(yield* emulator.now),
    events: (yield* emulator.webhooks).length,
    sold: (yield* emulator.purchases).map(({ buyerEmail, productName, source }) => ({
      kind: SeatSource.$match(source, { Subscription: () => "subscription", Order: () => "order" }),
      id: source.id,
      product: productName,
      buyer: buyerEmail
    }))
  }
})

/**
 * An emulator with a page to look at it, at `/`. What the page itself is made of is answered before the emulator sees
 * it, and is in no ledger.
 */
export const layer = <E, R>(
  emulator: Layer.Layer<Emulator | Outbox, E, HttpServer.HttpServer | R>
): Layer.Layer<Emulator | Outbox, E, HttpServer.HttpServer | FileSystem.FileSystem | R> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const server = yield* HttpServer.HttpServer
      const known = yield* Deferred.make<Emulator["Service"]>()
      const loaded = yield* Effect.cached(assets)
      const files = yield* FileSystem.FileSystem

      const asset = (contentType: string, pick: (assets: Assets) => string) =>
        Effect.map(Effect.provideService(loaded, FileSystem.FileSystem, files), (assets) =>
          assets === undefined
            ? HttpServerResponse.text("The page was not built, and esbuild, which builds it, is not installed.", {
                status: 500
              })
            : HttpServerResponse.text(pick(assets), { contentType })
        )
      const routes = new Map<string, (api: string) => Effect.Effect<HttpServerResponse.HttpServerResponse>>([
        [
          "/",
          (api) => Effect.succeed(HttpServerResponse.text(document(api), { contentType: "text/html; charset=utf-8" }))
        ],
        ["/page.js", () => asset("text/javascript; charset=utf-8", ({ script }) => script)],
        ["/page.css", () => asset("text/css; charset=utf-8", ({ style }) => style)],
        [
          "/page.json",
          () => Effect.map(Effect.flatMap(Deferred.await(known), knowledge), HttpServerResponse.jsonUnsafe)
        ]
      ])

      const fronted = HttpServer.make({
        address: server.address,
        serve: (app, middleware) => {
          const front = Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers: { host }, method, url }) => {
            const route = method === "GET" ? routes.get(url.replace(/\?.*/, "")) : undefined
            if (route === undefined) return app
            const api = apiFor(host, server.address)
            return Effect.map(route(api), HttpServerResponse.setHeaders(headers(api)))
          })
          return middleware === undefined ? server.serve(front) : server.serve(front, middleware)
        }
      })
      const services = yield* Layer.build(Layer.provide(emulator, Layer.succeed(HttpServer.HttpServer, fronted)))
      yield* Deferred.succeed(known, Context.get(services, Emulator))
      return services
    })
  )
