import * as BrowserGuard from "@polar-seats/emulator/BrowserGuard"
import type { Outbox } from "@polar-seats/emulator/Outbox"
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
import * as Option from "effect/Option"
import { fileURLToPath } from "node:url"

const resolvePath = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

// The bundle of the command has both files beside it
const readAssets = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const read = (name: string) => files.readFileString(resolvePath(name))
  return { script: yield* read("./page.js"), style: yield* read("./page.css") }
})

// The workspace runs from TypeScript, which a browser cannot
const bundleAssets = Effect.gen(function* () {
  const esbuild = yield* Effect.tryPromise(() => import("esbuild"))
  const { outputFiles } = yield* Effect.tryPromise(() =>
    esbuild.build({
      entryPoints: [resolvePath("../page/main.ts"), resolvePath("../page/page.css")],
      entryNames: "page",
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2023",
      outdir: "dist",
      write: false,
      logLevel: "silent"
    })
  ).pipe(Effect.ensuring(Effect.promise(() => esbuild.stop())))
  const textOf = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ""
  return { script: textOf(".js"), style: textOf(".css") }
})

const loadAssets = Effect.option(Effect.catch(readAssets, () => bundleAssets))

/**
 * The URL at which the page calls the emulator. It is of another origin than the page, so that the browser applies CORS
 * as it does for Polar: the server's address is one origin, and `localhost` is the other.
 */
const apiUrlFor = (host: string | undefined, address: NetAddress.SocketAddress): string => {
  if (NetAddress.isUnixPathAddress(address)) return ""
  const { address: ip, port } = address
  const isLocalhost = /^localhost(:|$)/i.test(host ?? "")
  const literal = NetAddress.isUnspecified(ip) ? "127.0.0.1" : ip._tag === "Ipv6Address" ? "[::1]" : "127.0.0.1"
  return `http://${isLocalhost ? literal : "localhost"}:${port}`
}

const notBuilt = "The page is not built, and esbuild is not installed to build it."

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M4 1v8h8V7M4 9v6m8-6v6' " +
  "fill='none' stroke='%233b6fd4' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"

const renderDocument = (api: string) => `<!doctype html>
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

const headersFor = (api: string) => ({
  ...BrowserGuard.privateHeaders,
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src data:",
    `connect-src 'self' ${api}`,
    "base-uri 'none'",
    "form-action 'none'",
    "worker-src 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'"
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer"
})

/** The state of the emulator that neither Polar's API nor the control API tells the page. It holds no secret. */
const readState = Effect.fnUntraced(function* (emulator: Emulator["Service"]) {
  return {
    now: DateTime.toEpochMillis(yield* emulator.now),
    // The number goes on if the list is full
    events: (yield* emulator.webhooks).length + (yield* emulator.dropped).webhooks,
    sold: (yield* emulator.purchases).map(({ buyerEmail, productName, source }) => ({
      kind: source._tag.toLowerCase(),
      id: source.id,
      product: productName,
      buyer: buyerEmail
    }))
  }
})

/**
 * An emulator with a page at `/`. Requests for the page are answered before they reach the emulator, so they are not
 * among its recorded requests. Like the control API, the page has the names of this machine and of `allowHosts` alone.
 */
export const layer = <E, R>(
  emulator: Layer.Layer<Emulator | Outbox, E, HttpServer.HttpServer | R>,
  allowHosts: ReadonlyArray<string>
) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const server = yield* HttpServer.HttpServer
      const guard = BrowserGuard.make(server.address, allowHosts)
      const started = yield* Deferred.make<Emulator["Service"]>()
      const files = yield* FileSystem.FileSystem
      const assets = yield* Effect.cached(Effect.provideService(loadAssets, FileSystem.FileSystem, files))

      const asset = (contentType: string, name: "script" | "style") => () =>
        Effect.map(
          assets,
          Option.match({
            onNone: () => HttpServerResponse.text(notBuilt, { status: 500 }),
            onSome: (assets) => HttpServerResponse.text(assets[name], { contentType })
          })
        )
      const page = (api: string) =>
        Effect.succeed(HttpServerResponse.text(renderDocument(api), { contentType: "text/html; charset=utf-8" }))
      const state = Effect.map(Effect.flatMap(Deferred.await(started), readState), HttpServerResponse.jsonUnsafe)
      const routes = new Map<string, (api: string) => Effect.Effect<HttpServerResponse.HttpServerResponse>>([
        ["/", page],
        ["/page.js", asset("text/javascript; charset=utf-8", "script")],
        ["/page.css", asset("text/css; charset=utf-8", "style")],
        ["/page.json", () => state]
      ])

      const fronted = HttpServer.make({
        address: server.address,
        serve: (app, middleware) => {
          const front = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
            const path = request.url.replace(/\?.*/, "")
            const route = request.method === "GET" ? routes.get(path) : undefined
            if (route === undefined) return app
            const refused =
              guard.refuseWorker(request) ??
              guard.refuseHost(request) ??
              // A link on another page may lead to this one
              (path === "/page.json" ? guard.refuseOrigin(request) : undefined)
            if (refused !== undefined) return Effect.succeed(refused)
            const api = apiUrlFor(request.headers["host"], server.address)
            const now = Effect.flatMap(Deferred.await(started), (emulator) => emulator.now)
            return Effect.zipWith(route(api), now, (response, now) =>
              HttpServerResponse.setHeaders(response, {
                ...headersFor(api),
                date: DateTime.toDateUtc(now).toUTCString()
              })
            )
          })
          return middleware === undefined ? server.serve(front) : server.serve(front, middleware)
        }
      })
      const services = yield* Layer.build(Layer.provide(emulator, Layer.succeed(HttpServer.HttpServer, fronted)))
      yield* Deferred.succeed(started, Context.get(services, Emulator))
      return services
    })
  )
