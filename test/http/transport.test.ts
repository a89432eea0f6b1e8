import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { SeatId } from "@polar-seats/domain/Seat"
import { Seats } from "@polar-seats/domain/Seats"
import * as FetchTransport from "@polar-seats/http/FetchTransport"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Deferred, Effect, Exit, Fiber, Layer, Redacted, Scope, Stream } from "effect"
import { FetchHttpClient, HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { constants, createSecureServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2"
import { connect, createServer, type LookupFunction, type Server, type Socket } from "node:net"
import { createServer as createTlsServer, setDefaultCACertificates } from "node:tls"
import { inspect } from "node:util"
import { Worker } from "node:worker_threads"
import { documentedSeat } from "./polarFixtures.ts"

// These tests prove the table in docs/transport-failures.md. The peer counts the requests that reach it, and a NotSent request
// must never have reached it.

const secret = "polar_cst_keep_me_to_yourself"
const seatId = SeatId.make(documentedSeat.id)
const resend = Effect.flatMap(Seats, (seats) => seats.resend(seatId))

// Made once with `openssl ca` for this test only (prime256v1, valid 2020 to 2120 except `expired` and `future`). The authority
// `trusted` signed `good`, `elsewhere` (for another host), `expired` and `future`. The authority `untrusted` signed `stranger`.
// `self` signed itself.
const pem = (label: string, base64: string) =>
  `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`
const key = pem(
  "PRIVATE KEY",
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPu5o6TQwpXBruw0nJVY70BKP3gz4kB43EjHSZJPPNMOhRANCAARYW9WPX2U2BSz4gAIIQVVnNtPKple7YkkNPTYBgXW4SxTDJq+8DIt+z3QV74jU1p+/FYCgjTlEJC/6kDHmaLdv"
)
const certificates = {
  trusted: pem(
    "CERTIFICATE",
    "MIIBazCCARGgAwIBAgIUSoUQrrSysFKjsUMPVhsAvC9HCWIwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHdHJ1c3RlZDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowEjEQMA4GA1UEAwwHdHJ1c3RlZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFhb1Y9fZTYFLPiAAghBVWc208qmV7tiSQ09NgGBdbhLFMMmr7wMi37PdBXviNTWn78VgKCNOUQkL/qQMeZot2+jQzBBMA8GA1UdEQQIMAaHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUdMxpmJMFdt1vnAn5K8U2d0sL7JQwCgYIKoZIzj0EAwIDSAAwRQIhAPSNAD/W0tPoaBRx9zc052S3howNkWKg6jUYydOGnKW5AiB53nnsW73QgTJ18ka1WcXSaWbqzA/CJnTvVq/Z+Rlpdw=="
  ),
  good: pem(
    "CERTIFICATE",
    "MIIBVjCB/aADAgECAhQZve5XeInktMBJ9hs2CqOOL4ie4zAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAd0cnVzdGVkMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAPMQ0wCwYDVQQDDARnb29kMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWFvVj19lNgUs+IACCEFVZzbTyqZXu2JJDT02AYF1uEsUwyavvAyLfs90Fe+I1NafvxWAoI05RCQv+pAx5mi3b6MyMDAwDwYDVR0RBAgwBocEfwAAATAdBgNVHQ4EFgQUdMxpmJMFdt1vnAn5K8U2d0sL7JQwCgYIKoZIzj0EAwIDSAAwRQIgBPe34wkmWSYxcI0+McQUJKb3Q5apx0Eah6kdYedSJFICIQDZT7j3Jz/8MoCzVmPNyahk8uUtR3D0WCMMxV/ZVn5XHg=="
  ),
  elsewhere: pem(
    "CERTIFICATE",
    "MIIBaTCCAQ+gAwIBAgIUSkJGT3yB+33vlYL0cM7xBBFobI0wCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHdHJ1c3RlZDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFDESMBAGA1UEAwwJZWxzZXdoZXJlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWFvVj19lNgUs+IACCEFVZzbTyqZXu2JJDT02AYF1uEsUwyavvAyLfs90Fe+I1NafvxWAoI05RCQv+pAx5mi3b6M/MD0wHAYDVR0RBBUwE4IRZWxzZXdoZXJlLmludmFsaWQwHQYDVR0OBBYEFHTMaZiTBXbdb5wJ+SvFNndLC+yUMAoGCCqGSM49BAMCA0gAMEUCIE1rFU/TlUynu8EZ51dQEUF8RLGwafw5NBwshUxcaBNNAiEA8ZZMCoElK65mOYPWKo37y/MLeP/YVJRJgUQ+NIld+xk="
  ),
  expired: pem(
    "CERTIFICATE",
    "MIIBWDCB/qADAgECAhRLVvUyXexJ/pVAZDJC4cAN9mWY8DAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAd0cnVzdGVkMB4XDTIwMDEwMTAwMDAwMFoXDTIwMDEwMjAwMDAwMFowEjEQMA4GA1UEAwwHZXhwaXJlZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFhb1Y9fZTYFLPiAAghBVWc208qmV7tiSQ09NgGBdbhLFMMmr7wMi37PdBXviNTWn78VgKCNOUQkL/qQMeZot2+jMjAwMA8GA1UdEQQIMAaHBH8AAAEwHQYDVR0OBBYEFHTMaZiTBXbdb5wJ+SvFNndLC+yUMAoGCCqGSM49BAMCA0kAMEYCIQCyYHHu0B0oOzlp64YqLFzOF79yUzS9o4/tR0sXrB3CrgIhAOKLMRAPyegU93L/lvNdE4vy2ZTTip4K9SEMrQF++YIJ"
  ),
  future: pem(
    "CERTIFICATE",
    "MIIBXDCCAQGgAwIBAgIUPaXlMyJ19NfXW+aqH9iMF2DgzHEwCgYIKoZIzj0EAwIwEjEQMA4GA1UEAwwHdHJ1c3RlZDAiGA8yMTE5MDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjARMQ8wDQYDVQQDDAZmdXR1cmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARYW9WPX2U2BSz4gAIIQVVnNtPKple7YkkNPTYBgXW4SxTDJq+8DIt+z3QV74jU1p+/FYCgjTlEJC/6kDHmaLdvozIwMDAPBgNVHREECDAGhwR/AAABMB0GA1UdDgQWBBR0zGmYkwV23W+cCfkrxTZ3SwvslDAKBggqhkjOPQQDAgNJADBGAiEAkEA3A07H5F6RoUB+ngNIZMBNr/HbbcJZtKZhUKVy1MgCIQDEjFFQR6L3VB/S5ybzCk+zXPbzYPD66sMxXUvoIAZxCw=="
  ),
  self: pem(
    "CERTIFICATE",
    "MIIBZTCCAQugAwIBAgIUFad3qxn4aktI0cFUTeLdaJmPFEMwCgYIKoZIzj0EAwIwDzENMAsGA1UEAwwEc2VsZjAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowDzENMAsGA1UEAwwEc2VsZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFhb1Y9fZTYFLPiAAghBVWc208qmV7tiSQ09NgGBdbhLFMMmr7wMi37PdBXviNTWn78VgKCNOUQkL/qQMeZot2+jQzBBMA8GA1UdEQQIMAaHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUdMxpmJMFdt1vnAn5K8U2d0sL7JQwCgYIKoZIzj0EAwIDSAAwRQIgUhrE3Cb2MVK2UJFlnZ4tV6P8z5PFw5HXi9DEbGlg4ncCIQDdYYhyWEJ8BsCAvRGbPcS1Ns3cWORa5VWFwhwZHGXF0A=="
  ),
  stranger: pem(
    "CERTIFICATE",
    "MIIBfzCCASSgAwIBAgIUcizIkb77UAeRJA/974Pa+XYMAMMwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJdW50cnVzdGVkMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjATMREwDwYDVQQDDAhzdHJhbmdlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFhb1Y9fZTYFLPiAAghBVWc208qmV7tiSQ09NgGBdbhLFMMmr7wMi37PdBXviNTWn78VgKCNOUQkL/qQMeZot2+jUzBRMA8GA1UdEQQIMAaHBH8AAAEwHQYDVR0OBBYEFHTMaZiTBXbdb5wJ+SvFNndLC+yUMB8GA1UdIwQYMBaAFHXm89Bt9wilSd1loiPKmsm8cT62MAoGCCqGSM49BAMCA0kAMEYCIQDhiNTUsDCT0tKy9Rm8us/2MiQ27rsoBaOEP1uaC7qnAQIhANYvJjEqPbOmmXE/BcQ77HmnwPBFgXtad2jXtJaTxsVf"
  ),
  untrusted: pem(
    "CERTIFICATE",
    "MIIBbzCCARWgAwIBAgIULtW53Y7bGVeEYLai22OBIJnGk00wCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJdW50cnVzdGVkMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAl1bnRydXN0ZWQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ3mRXCjPBcPzTgo2FlRwh3idI2PoUklkNL9XCyKTLpWH5Y/mgUOAV1ial4267FueR/RL4BQBMLI20Og6Mu5+RDo0MwQTAPBgNVHREECDAGhwR/AAABMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFHXm89Bt9wilSd1loiPKmsm8cT62MAoGCCqGSM49BAMCA0gAMEUCIEcibegDdTf1eijdPVYQcu98wiSoec+1l7qNNdxdsK3MAiEAnequ0Ye4qLINF96oIlYQdRDM5ljCdvAIKEsr0Gg+UVk="
  )
}
// Applies to every client of this process, which runs only this file
setDefaultCACertificates([certificates.trusted])

/** How a client connects to the peer, if the defaults do not fit. */
interface Connecting {
  readonly timeout?: number
  readonly lookup?: LookupFunction
}

// The dispatcher of Node's fetch. Loading undici replaces it by another
const firstFetch = fetch("data:,")
const original: unknown = Reflect.get(globalThis, Symbol.for("undici.globalDispatcher.1"))

type Fetching = Layer.Layer<HttpClient.HttpClient>
const fetchBy = (dispatcher: unknown, layer: Fetching = FetchHttpClient.layer): Fetching => {
  const init: RequestInit & { readonly dispatcher: unknown } = { dispatcher }
  return Layer.provideMerge(layer, Layer.succeed(FetchHttpClient.RequestInit, init))
}
const fetchVia = (connect: Connecting, layer?: Fetching) =>
  fetchBy(Reflect.construct(Object(original).constructor, [{ connect }]), layer)

interface Client {
  readonly name: "undici" | "our transport" | "fetch" | "our fetch" | "fetch beside undici" | "node:http"
  readonly layer: Layer.Layer<HttpClient.HttpClient>
  readonly via: (connect: Connecting) => Layer.Layer<HttpClient.HttpClient>
  readonly keepAlive: Layer.Layer<HttpClient.HttpClient>
}

const nodeHttpWith = (options: Parameters<typeof NodeHttpClient.layerAgentOptions>[0]) =>
  Layer.provide(NodeHttpClient.layerNodeHttpNoAgent, NodeHttpClient.layerAgentOptions(options))

const undici: Client = {
  name: "undici",
  layer: NodeHttpClient.layerUndici,
  via: (connect) => NodeHttpClient.layerUndiciOptions({ connect }),
  keepAlive: NodeHttpClient.layerUndici
}
const plainFetch = fetchBy(original)
const fetches: Client = { name: "fetch", layer: plainFetch, via: (connect) => fetchVia(connect), keepAlive: plainFetch }
const plainOurFetch = fetchBy(original, FetchTransport.layer)
const ourFetch: Client = {
  name: "our fetch",
  layer: plainOurFetch,
  via: (connect) => fetchVia(connect, FetchTransport.layer),
  keepAlive: plainOurFetch
}
const besideUndici = Layer.unwrap(
  Effect.map(
    Effect.promise(() => import("@effect/platform-node/Undici")),
    () => FetchHttpClient.layer
  )
)
const fetchesBesideUndici: Client = {
  name: "fetch beside undici",
  layer: besideUndici,
  via: (connect) => fetchVia(connect),
  keepAlive: besideUndici
}
const nodeHttp: Client = {
  name: "node:http",
  layer: NodeHttpClient.layerNodeHttp,
  via: nodeHttpWith,
  keepAlive: nodeHttpWith({ keepAlive: true })
}
const transport: Client = {
  name: "our transport",
  layer: Layer.orDie(UndiciTransport.layer),
  via: (connect) => Layer.orDie(UndiciTransport.layerOptions({ connect })),
  keepAlive: Layer.orDie(UndiciTransport.layer)
}
const clients: ReadonlyArray<Client> = [undici, transport, fetches, ourFetch, fetchesBesideUndici, nodeHttp]

/** A server that counts the requests which reach it. */
interface Peer {
  readonly url: string
  readonly requests: () => number
  /** Waits until the first byte has arrived. */
  readonly contacted: Effect.Effect<void>
  /** Waits until every connection has ended or was quiet for a while, so that nothing more will arrive. */
  readonly settled: Effect.Effect<void>
}

const portOf = (server: Server): number => {
  const address = server.address()
  return address !== null && typeof address === "object" ? address.port : 0
}

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.callback<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(portOf(server))))
    }),
    () => Effect.sync(() => server.close())
  )

interface Behaviour {
  /** Runs when a connection is established. Over TLS it runs after the handshake. */
  readonly onConnection?: (socket: Socket) => void
  /** Runs when bytes arrive. `nth` counts the arrivals on this connection, from 1. */
  readonly onData?: (socket: Socket, nth: number) => void
  /** Whether the server never reads. */
  readonly deaf?: boolean
  readonly scheme?: "http" | "https"
  readonly tls?: {
    readonly cert: string
    readonly version?: "TLSv1.2" | "TLSv1.3"
    readonly requestCert?: boolean
  }
}

const peer = Effect.fnUntraced(function* ({ deaf = false, onConnection, onData, scheme, tls }: Behaviour) {
  const sockets = new Set<Socket>()
  const contact = Deferred.makeUnsafe<void>()
  let requests = 0
  const listener = (socket: Socket) => {
    let arrivals = 0
    sockets.add(socket.on("error", () => {}))
    onConnection?.(socket)
    if (deaf) return
    socket.on("data", (data) => {
      if (data.toString("latin1").includes("POST /v1/")) requests++
      Deferred.doneUnsafe(contact, Effect.void)
      onData?.(socket, ++arrivals)
    })
  }
  const server =
    tls === undefined
      ? createServer({ pauseOnConnect: deaf }, listener)
      : createTlsServer(
          {
            key,
            cert: tls.cert,
            ...(tls.version === undefined ? {} : { minVersion: tls.version, maxVersion: tls.version }),
            ...(tls.requestCert === true ? { requestCert: true, rejectUnauthorized: true } : {})
          },
          listener
        ).on("tlsClientError", () => {})
  const port = yield* listening(server)
  yield* Effect.addFinalizer(() => Effect.sync(() => sockets.forEach((socket) => socket.destroy())))
  const settled = Effect.callback<void>((resume) => {
    server.close(() => resume(Effect.void))
  }).pipe(Effect.timeoutOption("50 millis"), Effect.asVoid)
  const self: Peer = {
    url: `${scheme ?? (tls === undefined ? "http" : "https")}://127.0.0.1:${port}`,
    requests: () => requests,
    contacted: Deferred.await(contact),
    settled
  }
  return self
})

/** Seats over this client, without retries. Every test sends the same request, which would mail. */
const over = (
  client: Layer.Layer<HttpClient.HttpClient>,
  baseUrl: string,
  options: Partial<PortalSeats.Options> = {}
) =>
  PortalSeats.layer({ token: Redacted.make(secret), baseUrl, times: 0, ...options }).pipe(
    Layer.provide(client),
    Layer.orDie
  )

const reasonOf = Effect.fnUntraced(function* <A, E>(
  call: Effect.Effect<A, E, Seats>,
  client: Layer.Layer<HttpClient.HttpClient>,
  baseUrl: string,
  options: Partial<PortalSeats.Options> = {}
) {
  const error: unknown = yield* Effect.flip(call).pipe(Effect.provide(over(client, baseUrl, options)))
  assert.notInclude(inspect(error, { depth: 9 }), secret)
  assert.notInclude(inspect(error, { depth: 9 }), baseUrl)
  assert.propertyVal(error, "_tag", "Unavailable")
  const reason: unknown = Reflect.get(Object(error), "reason")
  const tag = String(Reflect.get(Object(reason), "_tag"))
  const description = String(Reflect.get(Object(reason), "description"))
  return { tag, description, code: /\((\w+)\)$/.exec(description)?.[1] ?? "" }
})

// The code of each client. "" means no code, and undefined means that it depends on who is faster
type Codes = readonly [undici: string | undefined, fetch: string | undefined, nodeHttp: string | undefined]
const codeOf = ([ofUndici, ofFetch, ofNodeHttp]: Codes, { name }: Client) =>
  name === "undici" || name === "our transport" ? ofUndici : name === "node:http" ? ofNodeHttp : ofFetch

interface Row {
  readonly what: string
  readonly is: "NotSent" | "OutcomeUnknown"
  readonly says: Codes
  /** How many requests reached the peer. Absent if it depends on who is faster. */
  readonly reached?: number
  readonly by: Behaviour
}

const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${JSON.stringify(documentedSeat).length}\r\nkeep-alive: timeout=60\r\n\r\n${JSON.stringify(documentedSeat)}`
const replying =
  (text: string, then: (socket: Socket) => void = () => {}): NonNullable<Behaviour["onData"]> =>
  (socket) =>
    socket.write(text, () => then(socket))

const all = (code: string): Codes => [code, code, code]
const sometime = (act: () => void) => setTimeout(act, 20)

const unsecured: ReadonlyArray<Row> = [
  {
    what: "a reset after the server read the request",
    is: "OutcomeUnknown",
    says: all("ECONNRESET"),
    reached: 1,
    by: { onData: (socket) => socket.resetAndDestroy() }
  },
  {
    what: "a reset before the server read the request",
    is: "OutcomeUnknown",
    says: all("ECONNRESET"),
    reached: 0,
    by: { deaf: true, onConnection: (socket) => sometime(() => socket.resetAndDestroy()) }
  },
  {
    what: "a connection closed without an answer",
    is: "OutcomeUnknown",
    says: ["UND_ERR_SOCKET", "UND_ERR_SOCKET", "ECONNRESET"],
    reached: 1,
    by: { onData: (socket) => socket.end() }
  },
  {
    what: "a connection closed within the head of the answer",
    is: "OutcomeUnknown",
    says: ["UND_ERR_SOCKET", "UND_ERR_SOCKET", "ECONNRESET"],
    reached: 1,
    by: { onData: (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-le") }
  },
  {
    what: "a reset within the body",
    is: "OutcomeUnknown",
    says: all("ECONNRESET"),
    reached: 1,
    by: {
      onData: replying("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{", (socket) =>
        sometime(() => socket.resetAndDestroy())
      )
    }
  },
  {
    what: "a connection closed within the body",
    is: "OutcomeUnknown",
    says: ["UND_ERR_SOCKET", "UND_ERR_SOCKET", "ECONNRESET"],
    reached: 1,
    by: { onData: (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{") }
  },
  {
    what: "a connection closed within a chunk",
    is: "OutcomeUnknown",
    says: ["UND_ERR_SOCKET", "UND_ERR_SOCKET", "ECONNRESET"],
    reached: 1,
    by: { onData: (socket) => socket.end("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab") }
  },
  {
    what: "an answer that is not HTTP",
    is: "OutcomeUnknown",
    says: ["", "", "HPE_INVALID_CONSTANT"],
    reached: 1,
    by: { onData: (socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n") }
  },
  {
    what: "an answer with endless headers",
    is: "OutcomeUnknown",
    says: ["UND_ERR_HEADERS_OVERFLOW", "UND_ERR_HEADERS_OVERFLOW", "HPE_HEADER_OVERFLOW"],
    reached: 1,
    by: { onData: replying(`HTTP/1.1 200 OK\r\nx: ${"a".repeat(200_000)}\r\n\r\n`) }
  }
]

const handshake: ReadonlyArray<Row> = [
  {
    what: "a server without TLS",
    is: "OutcomeUnknown",
    says: ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_WRONG_VERSION_NUMBER", "EPROTO"],
    reached: 0,
    by: { scheme: "https", onData: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n") }
  },
  {
    what: "a connection closed within the handshake",
    is: "OutcomeUnknown",
    says: all("ECONNRESET"),
    reached: 0,
    by: { scheme: "https", onData: (socket) => socket.end() }
  },
  {
    what: "a reset within the handshake",
    is: "OutcomeUnknown",
    says: all("ECONNRESET"),
    reached: 0,
    by: { scheme: "https", onData: (socket) => socket.resetAndDestroy() }
  },
  {
    what: "a server that wants a client certificate, in TLS 1.2,",
    is: "OutcomeUnknown",
    says: ["", "", "EPROTO"],
    reached: 0,
    by: { tls: { cert: certificates.good, version: "TLSv1.2", requestCert: true } }
  },
  {
    // The server refuses after its part of the handshake, when the request is on its way
    what: "a server that wants a client certificate, in TLS 1.3,",
    is: "OutcomeUnknown",
    says: [undefined, undefined, undefined],
    by: { tls: { cert: certificates.good, version: "TLSv1.3", requestCert: true } }
  },
  {
    what: "a connection closed after the handshake",
    is: "OutcomeUnknown",
    says: ["UND_ERR_SOCKET", "UND_ERR_SOCKET", "ECONNRESET"],
    reached: 1,
    by: { tls: { cert: certificates.good }, onData: (socket) => socket.destroy() }
  }
]

const refusedCertificates: ReadonlyArray<Row> = (["TLSv1.2", "TLSv1.3"] as const).flatMap((version) =>
  (
    [
      ["that is self-signed", certificates.self, "DEPTH_ZERO_SELF_SIGNED_CERT"],
      ["of an unknown authority", certificates.stranger, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
      [
        "with its unknown authority sent along",
        certificates.stranger + certificates.untrusted,
        "SELF_SIGNED_CERT_IN_CHAIN"
      ],
      ["that has expired", certificates.expired, "CERT_HAS_EXPIRED"],
      ["that is not valid yet", certificates.future, "CERT_NOT_YET_VALID"],
      ["for another host", certificates.elsewhere, "ERR_TLS_CERT_ALTNAME_INVALID"]
    ] as const
  ).map(([what, cert, code]): Row => ({
    what: `a certificate ${what}, in ${version},`,
    is: "NotSent",
    says: all(code),
    reached: 0,
    by: { tls: { cert, version }, onData: (socket) => socket.end(answer) }
  }))
)

describe.each(clients)("$name", (client) => {
  it.live.each([...unsecured, ...handshake, ...refusedCertificates])("$what is $is", ({ by, is, reached, says }) =>
    Effect.gen(function* () {
      const { requests, settled, url } = yield* peer(by)
      const { code, tag } = yield* reasonOf(resend, client.layer, url)
      yield* settled
      assert.strictEqual(tag, is)
      if (is === "NotSent") assert.strictEqual(requests(), 0)
      if (reached !== undefined) assert.strictEqual(requests(), reached)
      const expected = codeOf(says, client)
      if (expected !== undefined) assert.strictEqual(code, expected)
    })
  )

  it.live("a request over a good certificate reaches the peer", () =>
    Effect.gen(function* () {
      const { requests, url } = yield* peer({ tls: { cert: certificates.good }, onData: replying(answer) })
      yield* Effect.provide(resend, over(client.layer, url))
      assert.strictEqual(requests(), 1)
    })
  )

  it.live("a connection that is reset at once is NotSent only if no request reached the peer", () =>
    Effect.gen(function* () {
      const { requests, settled, url } = yield* peer({ onConnection: (socket) => socket.resetAndDestroy() })
      const { code, tag } = yield* reasonOf(resend, client.layer, url)
      yield* settled
      assert.strictEqual(code, "ECONNRESET")
      if (tag === "NotSent") assert.strictEqual(requests(), 0)
    })
  )

  it.live.each([
    ["127.0.0.1", "ECONNREFUSED"],
    ["[::1]", undefined] // A machine without IPv6 has another code, which is as certain
  ] as const)("a port of %s where nothing listens is NotSent", ([host, expected]) =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(listening(createServer()))
      const { code, tag } = yield* reasonOf(resend, client.layer, `http://${host}:${port}`)
      assert.strictEqual(tag, "NotSent")
      if (expected !== undefined) assert.strictEqual(code, expected)
    })
  )

  it.live("two addresses where nothing listens are NotSent", () =>
    Effect.gen(function* () {
      const port = yield* Effect.scoped(listening(createServer()))
      const both: LookupFunction = (_host, _options, found) =>
        found(null, [
          { address: "127.0.0.1", family: 4 },
          { address: "::1", family: 6 }
        ])
      const { code, tag } = yield* reasonOf(resend, client.via({ lookup: both }), `https://two.invalid:${port}`)
      assert.strictEqual(tag, "NotSent")
      assert.strictEqual(code, "ECONNREFUSED")
    })
  )

  it.live("an unknown host is NotSent", () =>
    Effect.gen(function* () {
      const { code, tag } = yield* reasonOf(resend, client.layer, "https://nothing.invalid")
      assert.strictEqual(tag, "NotSent")
      assert.match(code, /^(ENOTFOUND|EAI_AGAIN)$/)
    })
  )

  it.live.each([
    ["while it read the request", { deaf: false }],
    ["before it read the request", { deaf: true }]
  ] as const)(
    "a kept connection that the server dropped %s is OutcomeUnknown, and the request is not sent again",
    ([_, { deaf }]) =>
      Effect.gen(function* () {
        let answered = 0
        const { requests, settled, url } = yield* peer({
          onData: (socket, nth) => {
            if (nth > 1) {
              socket.resetAndDestroy()
              return
            }
            socket.write(answer)
            if (deaf) {
              socket.pause()
              sometime(() => socket.resetAndDestroy())
            }
          }
        })
        const untilItFails = Effect.forever(Effect.tap(resend, () => Effect.sync(() => answered++)))
        const { code, tag } = yield* reasonOf(untilItFails, client.keepAlive, url)
        yield* settled
        assert.strictEqual(tag, "OutcomeUnknown")
        assert.match(code, /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/)
        assert.isAbove(answered, 0)
        assert.strictEqual(requests(), deaf ? answered : answered + 1)
      })
  )

  it.live("a handshake that takes too long is OutcomeUnknown, and nothing is sent if it ends after all", () =>
    Effect.gen(function* () {
      const secured = Deferred.makeUnsafe<void>()
      let requests = 0
      const late = createTlsServer({ key, cert: certificates.good }, (socket) => {
        socket.on("error", () => {}).on("data", () => requests++)
        Deferred.doneUnsafe(secured, Effect.void)
      }).on("tlsClientError", () => Deferred.doneUnsafe(secured, Effect.void))
      const port = yield* listening(
        createServer({ pauseOnConnect: true }, (socket) => setTimeout(() => late.emit("connection", socket), 80))
      )
      const lasting = Layer.succeedContext(yield* Layer.build(client.layer))
      const url = `https://127.0.0.1:${port}`
      const { description, tag } = yield* reasonOf(resend, lasting, url, { attemptTimeout: "40 millis" })
      assert.strictEqual(tag, "OutcomeUnknown")
      assert.strictEqual(description, "no answer came within 40ms")
      yield* Deferred.await(secured)
      yield* Effect.sleep("20 millis")
      assert.strictEqual(requests, 0)
    })
  )

  it.live.each([
    ["within the handshake", "https", 0],
    ["after the request", "http", 1]
  ] as const)("an interruption %s is an interruption without a reason", ([_, scheme, reached]) =>
    Effect.gen(function* () {
      const { contacted, requests, settled, url } = yield* peer({ scheme })
      const fiber = yield* Effect.forkChild(Effect.provide(resend, over(client.layer, url)))
      yield* contacted
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)
      assert.isTrue(Exit.hasInterrupts(exit) && !Exit.hasFails(exit))
      yield* settled
      assert.strictEqual(requests(), reached)
    })
  )

  it.live("a body that fails while it is sent is OutcomeUnknown, whatever its error is", () =>
    Effect.gen(function* () {
      const { contacted, requests, settled, url } = yield* peer({})
      const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED", syscall: "connect" })
      const half = Stream.concat(
        Stream.succeed(new TextEncoder().encode("half")),
        Stream.fromEffect(Effect.andThen(contacted, Effect.fail(refused)))
      )
      const streaming = Layer.effect(
        HttpClient.HttpClient,
        Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.bodyStream(half)))
      ).pipe(Layer.provide(client.layer))
      assert.strictEqual((yield* reasonOf(resend, streaming, url)).tag, "OutcomeUnknown")
      yield* settled
      assert.strictEqual(requests(), 1)
    })
  )
})

it("the tests of fetch use the fetch of Node, except those beside undici", async () => {
  assert.strictEqual((await firstFetch).status, 200)
  assert.strictEqual(Object(original).constructor.name, "Agent")
})

describe("a request that the client refuses", () => {
  it.live.each([fetches, ourFetch])("to port 1 is OutcomeUnknown with $name, which gives no code", ({ layer }) =>
    Effect.gen(function* () {
      const { code, tag } = yield* reasonOf(resend, layer, "http://127.0.0.1:1")
      assert.deepStrictEqual([tag, code], ["OutcomeUnknown", ""])
    })
  )

  const broken = (client: Client) =>
    Layer.effect(
      HttpClient.HttpClient,
      Effect.map(
        HttpClient.HttpClient,
        HttpClient.mapRequest(HttpClientRequest.setHeader("x-broken", `${secret}\r\nx: y`))
      )
    ).pipe(Layer.provide(client.layer))

  it.live.each([
    [undici, "NotSent", "UND_ERR_INVALID_ARG"],
    [transport, "NotSent", "UND_ERR_INVALID_ARG"],
    [fetches, "OutcomeUnknown", ""]
  ] as const)("with a line break in a header has the reason and code of its client", ([client, is, says]) =>
    Effect.gen(function* () {
      const { requests, settled, url } = yield* peer({})
      const { code, tag } = yield* reasonOf(resend, broken(client), url)
      yield* settled
      assert.deepStrictEqual([tag, code, requests()], [is, says, 0])
    })
  )

  it.live("with a line break in a header is a defect with node:http, which throws", () =>
    Effect.gen(function* () {
      const { requests, settled, url } = yield* peer({})
      const exit = yield* Effect.exit(Effect.provide(resend, over(broken(nodeHttp), url)))
      yield* settled
      assert.isTrue(Exit.hasDies(exit))
      assert.strictEqual(requests(), 0)
    })
  )
})

describe("a connection that is never established", () => {
  /** A port with a full queue. Its server sleeps in another thread. */
  const crowded = Effect.gen(function* () {
    const worker = yield* Effect.acquireRelease(
      Effect.sync(
        () =>
          new Worker(
            `const server = require("node:net").createServer()
             server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
               require("node:worker_threads").parentPort.postMessage(server.address().port)
               Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
             })`,
            { eval: true }
          )
      ),
      (worker) => Effect.promise(() => worker.terminate())
    )
    const port = yield* Effect.callback<number>((resume) => {
      worker.once("message", (port) => resume(Effect.succeed(Number(port))))
    })
    yield* Effect.acquireRelease(
      Effect.callback<ReadonlyArray<Socket>>((resume) => {
        const crowd = Array.from({ length: 4 }, () => connect(port, "127.0.0.1").on("error", () => {}))
        crowd[0]?.once("connect", () => resume(Effect.succeed(crowd)))
      }),
      (crowd) => Effect.sync(() => crowd.forEach((socket) => socket.destroy()))
    )
    return `http://127.0.0.1:${port}`
  })

  it.live("is NotSent if undici or fetch gives up, and OutcomeUnknown if our timeout ends with node:http", () =>
    Effect.gen(function* () {
      const full = yield* crowded
      const { requests, settled, url: silent } = yield* peer({ scheme: "https" })
      const impatient = [undici, transport, fetches, ourFetch].map(({ via }) => via({ timeout: 50 }))
      const reasons = yield* Effect.forEach(
        impatient.flatMap((client) => [full, silent].map((url) => ({ client, url }))),
        ({ client, url }) => reasonOf(resend, client, url),
        { concurrency: "unbounded" }
      )
      for (const { code, tag } of reasons) {
        assert.deepStrictEqual([tag, code], ["NotSent", "UND_ERR_CONNECT_TIMEOUT"])
      }
      const { tag } = yield* reasonOf(resend, nodeHttp.layer, full, { attemptTimeout: "50 millis" })
      assert.strictEqual(tag, "OutcomeUnknown")
      yield* settled
      assert.strictEqual(requests(), 0)
    })
  )
})

describe("the timeout of our transport", () => {
  it.live.each([
    ["headers", {}, { headersTimeout: 50 }, "UND_ERR_HEADERS_TIMEOUT"],
    [
      "a body",
      { onData: replying("HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{") },
      { bodyTimeout: 50 },
      "UND_ERR_BODY_TIMEOUT"
    ]
  ] as const)("for %s is OutcomeUnknown", ([_, by, options, says]) =>
    Effect.gen(function* () {
      const { requests, url } = yield* peer(by)
      const { code, tag } = yield* reasonOf(resend, Layer.orDie(UndiciTransport.layerOptions(options)), url)
      assert.deepStrictEqual([tag, code, requests()], ["OutcomeUnknown", says, 1])
    })
  )
})

describe("a client that is closed", () => {
  it.live.each([
    [undici, "UND_ERR_DESTROYED"],
    [transport, "UND_ERR_DESTROYED"],
    [nodeHttp, "ECONNRESET"]
  ] as const)("while it waits is OutcomeUnknown", ([{ layer }, says]) =>
    Effect.gen(function* () {
      const { contacted, requests, url } = yield* peer({})
      const scope = yield* Scope.make()
      const client = Layer.succeedContext(yield* Layer.buildWithScope(layer, scope))
      const fiber = yield* Effect.forkChild(reasonOf(resend, client, url))
      yield* contacted
      yield* Scope.close(scope, Exit.void)
      const { code, tag } = yield* Fiber.join(fiber)
      assert.deepStrictEqual([tag, code, requests()], ["OutcomeUnknown", says, 1])
    })
  )

  it.live.each([undici, transport])(
    "before the call is OutcomeUnknown, because undici gives the same code",
    ({ layer }) =>
      Effect.gen(function* () {
        const { requests, url } = yield* peer({})
        const client = Layer.succeedContext(yield* Effect.scoped(Layer.build(layer)))
        const { code, tag } = yield* reasonOf(resend, client, url)
        assert.deepStrictEqual([tag, code, requests()], ["OutcomeUnknown", "UND_ERR_DESTROYED", 0])
      })
  )
})

// undici uses HTTP/2 if the server does. fetch and node:http do not
describe.each([undici, transport])("$name over HTTP/2", ({ layer }) => {
  const server = Effect.fnUntraced(function* (
    onStream: (stream: ServerHttp2Stream, session: ServerHttp2Session, close: () => void) => void
  ) {
    let streams = 0
    const server = createSecureServer({ key, cert: certificates.good })
    server.on("session", (session) => {
      session.on("error", () => {})
      session.on("stream", (stream) => {
        streams++
        stream.on("error", () => {})
        onStream(stream, session, () => server.close())
      })
    })
    const port = yield* listening(server)
    return { url: `https://127.0.0.1:${port}`, streams: () => streams }
  })

  it.live.each([
    {
      what: "a failed stream",
      code: "ERR_HTTP2_STREAM_ERROR",
      streams: 1,
      by: (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    },
    {
      what: "a cancelled stream",
      code: "UND_ERR_INFO",
      streams: 1,
      by: (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL)
    },
    {
      what: "an ended session",
      code: "UND_ERR_SOCKET",
      streams: 1,
      by: (_: ServerHttp2Stream, session: ServerHttp2Session) => session.destroy()
    },
    {
      what: "a failed session",
      code: "ERR_HTTP2_SESSION_ERROR",
      streams: 1,
      by: (_: ServerHttp2Stream, session: ServerHttp2Session) => session.goaway(constants.NGHTTP2_INTERNAL_ERROR)
    },
    {
      what: "a stream that is refused twice, because undici repeats it once,",
      code: "ERR_HTTP2_STREAM_ERROR",
      streams: 2,
      by: (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM)
    }
  ])("$what is OutcomeUnknown", ({ by, code, streams }) =>
    Effect.gen(function* () {
      const { streams: seen, url } = yield* server(by)
      const reason = yield* reasonOf(resend, layer, url)
      assert.deepStrictEqual([reason.tag, reason.code, seen()], ["OutcomeUnknown", code, streams])
    })
  )

  it.live(
    "a refused stream followed by a refused connection is NotSent, because the refusal promises that nothing was done",
    () =>
      Effect.gen(function* () {
        const { streams, url } = yield* server((stream, session, close) => {
          close()
          stream.close(constants.NGHTTP2_REFUSED_STREAM)
          session.close()
        })
        const { code, tag } = yield* reasonOf(resend, layer, url)
        assert.deepStrictEqual([tag, code, streams()], ["NotSent", "ECONNREFUSED", 1])
      })
  )
})

describe("a redirect to a closed port", () => {
  const redirecting = Effect.gen(function* () {
    const gone = yield* Effect.scoped(listening(createServer()))
    return yield* peer({
      onData: (socket) =>
        socket.end(`HTTP/1.1 307 Elsewhere\r\nlocation: http://127.0.0.1:${gone}/\r\ncontent-length: 0\r\n\r\n`)
    })
  })
  it.live.each(clients)("is an answer that $name does not follow", ({ layer }) =>
    Effect.gen(function* () {
      const { requests, url } = yield* redirecting
      assert.deepStrictEqual([(yield* reasonOf(resend, layer, url)).tag, requests()], ["UnexpectedResponse", 1])
    })
  )
})

describe("a constructed failure", () => {
  const failing = (cause: unknown) =>
    Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.fail(
          new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
        )
      )
    )
  const error = (fields: object) => Object.assign(new Error("failed"), fields)
  const fetchFailed = (cause: unknown) => new TypeError("fetch failed", { cause })
  const connecting = (code: string) => error({ code, syscall: "connect" })
  const several = (...errors: ReadonlyArray<unknown>) =>
    Object.assign(new AggregateError(errors), { code: "ECONNREFUSED" })

  it.effect.each([
    ["ETIMEDOUT while connecting", connecting("ETIMEDOUT"), "NotSent"],
    ["ETIMEDOUT while reading", error({ code: "ETIMEDOUT", syscall: "read" }), "OutcomeUnknown"],
    ["ETIMEDOUT, and nothing else", error({ code: "ETIMEDOUT" }), "OutcomeUnknown"],
    ["ECONNRESET while connecting", connecting("ECONNRESET"), "NotSent"],
    ["EHOSTUNREACH while connecting", connecting("EHOSTUNREACH"), "NotSent"],
    ["EHOSTUNREACH while reading", error({ code: "EHOSTUNREACH", syscall: "read" }), "OutcomeUnknown"],
    ["ENETUNREACH while writing", error({ code: "ENETUNREACH", syscall: "write" }), "OutcomeUnknown"],
    ["EPIPE", error({ code: "EPIPE", syscall: "write" }), "OutcomeUnknown"],
    ["ECONNABORTED", error({ code: "ECONNABORTED", syscall: "write" }), "OutcomeUnknown"],
    ["EACCES of a firewall", connecting("EACCES"), "NotSent"],
    ["EAI_AGAIN", error({ code: "EAI_AGAIN", syscall: "getaddrinfo" }), "NotSent"],
    ["undici's headers timeout", error({ code: "UND_ERR_HEADERS_TIMEOUT" }), "OutcomeUnknown"],
    ["undici's body timeout", error({ code: "UND_ERR_BODY_TIMEOUT" }), "OutcomeUnknown"],
    ["undici's abort", error({ code: "UND_ERR_ABORTED" }), "OutcomeUnknown"],
    ["node's abort", error({ code: "ABORT_ERR" }), "OutcomeUnknown"],
    ["the web's abort", new DOMException("aborted", "AbortError"), "OutcomeUnknown"],
    ["one address refused, one timed out", several(connecting("ECONNREFUSED"), connecting("ETIMEDOUT")), "NotSent"],
    [
      "one address refused, one cut off",
      several(connecting("ECONNREFUSED"), error({ code: "ECONNRESET" })),
      "OutcomeUnknown"
    ],
    ["no address at all", several(), "OutcomeUnknown"],
    ["an error of fetch about a refused address", fetchFailed(several(connecting("ECONNREFUSED"))), "NotSent"],
    [
      "a failure with a code that contains another",
      error({ code: "UND_ERR_SOCKET", cause: connecting("ECONNREFUSED") }),
      "OutcomeUnknown"
    ],
    ["fetch in a browser", new TypeError("Failed to fetch"), "OutcomeUnknown"],
    ["nothing", undefined, "OutcomeUnknown"],
    ["a string", "ECONNREFUSED", "OutcomeUnknown"]
  ] as const)("$0 is $2", ([_, cause, is]) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* reasonOf(resend, failing(cause), "https://api.polar.sh")).tag, is)
    })
  )

  it.effect.each([
    [
      "any failure after the answer began",
      (request: HttpClientRequest.HttpClientRequest) => {
        const cause = connecting("ECONNREFUSED")
        const broken = new ReadableStream({ pull: (controller) => controller.error(cause) })
        const response = HttpClientResponse.fromWeb(request, new Response(broken))
        return new HttpClientError.DecodeError({ request, response, cause })
      },
      "OutcomeUnknown"
    ],
    [
      "a body that cannot be written",
      (request: HttpClientRequest.HttpClientRequest) => new HttpClientError.EncodeError({ request }),
      "NotSent"
    ],
    [
      "an invalid URL",
      (request: HttpClientRequest.HttpClientRequest) => new HttpClientError.InvalidUrlError({ request }),
      "NotSent"
    ]
  ] as const)("$0 is $2", ([_, reasonFor, is]) =>
    Effect.gen(function* () {
      const client = Layer.succeed(
        HttpClient.HttpClient,
        HttpClient.make((request) => Effect.fail(new HttpClientError.HttpClientError({ reason: reasonFor(request) })))
      )
      assert.strictEqual((yield* reasonOf(resend, client, "https://api.polar.sh")).tag, is)
    })
  )

  it.effect("any failure while the request is prepared is NotSent", () =>
    Effect.gen(function* () {
      let sent = 0
      const client = HttpClient.make((request) => {
        sent++
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response()))
      }).pipe(
        HttpClient.mapRequestEffect((request) =>
          Effect.fail(
            new HttpClientError.HttpClientError({
              reason: new HttpClientError.TransportError({ request, cause: error({ code: "ECONNRESET" }) })
            })
          )
        )
      )
      const layer = Layer.succeed(HttpClient.HttpClient, client)
      const { description, tag } = yield* reasonOf(resend, layer, "https://api.polar.sh")
      assert.deepStrictEqual([tag, description, sent], ["NotSent", "it could not be prepared", 0])
    })
  )

  it.effect("a code that is no code is not shown", () =>
    Effect.gen(function* () {
      const { description } = yield* reasonOf(resend, failing({ code: `x ${secret}` }), "https://api.polar.sh")
      assert.strictEqual(description, "the connection failed before the answer was complete")
    })
  )
})
