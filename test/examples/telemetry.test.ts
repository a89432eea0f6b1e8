import { afterAll, assert, beforeAll, it } from "vitest"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { runToEnd } from "../../scripts/launch.ts"
import { session, startAcme } from "../app/acme.ts"
import { post } from "../app/runCli.ts"

const example = fileURLToPath(new URL("../../examples/src/telemetry.ts", import.meta.url))
const live = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
const claimed = "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"
const invitation = "s3cret-invitation"

// The part of OTLP's JSON that the test reads
interface Attributed {
  readonly attributes: ReadonlyArray<{
    readonly key: string
    readonly value: { readonly stringValue?: string; readonly intValue?: number }
  }>
}
interface Span extends Attributed {
  readonly name: string
  readonly kind: number
  readonly spanId: string
  readonly parentSpanId?: string
}
interface Point extends Attributed {
  readonly asDouble?: number
  readonly count?: number
  readonly sum?: number
}
interface Metric {
  readonly name: string
  readonly unit: string
  readonly sum?: { readonly dataPoints: ReadonlyArray<Point> }
  readonly histogram?: { readonly dataPoints: ReadonlyArray<Point> }
}
interface Export {
  readonly resourceSpans?: ReadonlyArray<{
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Span> }>
  }>
  readonly resourceMetrics?: ReadonlyArray<{
    readonly scopeMetrics: ReadonlyArray<{ readonly metrics: ReadonlyArray<Metric> }>
  }>
}

const valuesOf = ({ attributes }: Attributed) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]))

const received: Array<{ readonly url: string; readonly headers: string; readonly body: string }> = []
const collector = createServer(async (request, response) => {
  received.push({ url: request.url ?? "", headers: request.rawHeaders.join(" "), body: await text(request) })
  response.writeHead(200, { "content-type": "application/json" }).end("{}")
})
let acme: Awaited<ReturnType<typeof startAcme>>
beforeAll(async () => {
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve))
  acme = await startAcme(3, [
    {
      id: live,
      status: "pending",
      email: "ann@acme.com",
      invitation_token: invitation,
      invitation_token_expires_at: "2099-01-01T00:00:00Z"
    },
    { id: claimed, status: "claimed", email: "ben@acme.com", claimed_at: "2026-11-22T07:00:00Z" }
  ])
})
afterAll(async () => {
  collector.close()
  await acme.stop()
})

it("exports a span for each call and three metrics, and no token", async () => {
  await post(`${acme.url}/_emulator/faults`, {
    rules: [{ method: "POST", times: 1, status: 429, headers: { "retry-after": "0" } }]
  })
  const { stderr, stdout } = await runToEnd(process.execPath, [example, live, claimed], {
    env: {
      POLAR_CUSTOMER_SESSION: session,
      POLAR_API_URL: acme.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
    }
  })
  assert.include(stdout, `${live}: resent, and its link is Live\n`)
  assert.strictEqual((await acme.mails()).length, 1)

  assert.sameMembers(
    received.map(({ url }) => url),
    ["/v1/traces", "/v1/metrics"]
  )
  const exported = received.map(({ body }) => JSON.parse(body) as Export)
  const spans = exported.flatMap(({ resourceSpans = [] }) =>
    resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
  )
  const remind = spans.find(({ name }) => name === "remind")
  assert.isDefined(remind)
  const invitations = spans.filter(({ name }) => name === "Invitations.resend")
  assert.deepEqual(
    invitations.map((span) => [span.parentSpanId, valuesOf(span)]),
    [
      [remind.spanId, { "seat.id": live, "polar.outcome": "Success" }],
      [remind.spanId, { "seat.id": claimed, "polar.outcome": "AlreadyClaimed" }]
    ]
  )
  const calls = spans.filter(({ name }) => name === "Seats.resend")
  assert.lengthOf(spans, 5)
  const { hostname, port } = new URL(acme.url)
  assert.deepEqual(
    calls.map((span) => [span.name, span.parentSpanId, valuesOf(span)]),
    [
      ["Success", live, 2, 200],
      ["AlreadyClaimed", claimed, 1, 400]
    ].map(([outcome, id, attempts, status], index) => [
      "Seats.resend",
      invitations[index]?.spanId,
      {
        "seat.id": id,
        "polar.version": "2026-10",
        "polar.outcome": outcome,
        "polar.attempts": attempts,
        "server.address": hostname,
        "server.port": Number(port),
        "http.response.status_code": status
      }
    ])
  )
  const clientKind = 3
  assert.deepEqual(
    calls.map(({ kind }) => kind),
    [clientKind, clientKind]
  )

  const metrics = exported.flatMap(({ resourceMetrics = [] }) =>
    resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
  )
  const operation = "Seats.resend"
  const points = (name: string) => {
    const metric = metrics.find((metric) => metric.name === name)
    const all = metric?.sum?.dataPoints ?? metric?.histogram?.dataPoints ?? []
    return all.filter((point) => valuesOf(point)["operation"] === operation)
  }
  const outcomes = ["Success", "AlreadyClaimed"]
  assert.deepEqual(
    points("polar_seats_operations_total").map((point) => [valuesOf(point), point.asDouble]),
    outcomes.map((outcome) => [{ operation, outcome }, 1])
  )
  assert.deepEqual(
    points("polar_seats_operations_duration").map((point) => [valuesOf(point), point.count]),
    outcomes.map((outcome) => [{ operation, outcome, time_unit: "milliseconds" }, 1])
  )
  // The first call waited before its retry, so it took longer
  const [paused = 0, refused = 0] = points("polar_seats_operations_duration").map(({ sum }) => sum)
  assert.isAbove(paused, 100)
  assert.isBelow(refused, paused)
  assert.deepEqual(
    points("polar_seats_operations_retries_total").map((point) => [valuesOf(point), point.asDouble]),
    [[{ operation }, 1]]
  )

  assert.notMatch(JSON.stringify(received) + stdout + stderr, /s3cret|polar_cst_/)
})
