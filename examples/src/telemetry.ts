// Resends invitations, and exports their spans and metrics over OTLP/HTTP:
//
//     npx -y pnpm@10.34.8 exec node examples/src/telemetry.ts <seat-id>...
//
// POLAR_CUSTOMER_SESSION holds the session, and OTEL_EXPORTER_OTLP_ENDPOINT the collector (default:
// http://localhost:4318).

import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { NodeRuntime } from "@effect/platform-node"
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http"
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http"
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { SeatId } from "@polar-seats/domain/Seat"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import { Invitations } from "@polar-seats/invitations/Invitations"
import * as Journal from "@polar-seats/invitations/Journal"
import { Config, Effect, Layer, Schema } from "effect"

// The exporters read OTEL_EXPORTER_OTLP_ENDPOINT themselves. When the program ends, they export what is left
const telemetry = NodeSdk.layer(() => ({
  resource: { serviceName: "seat-reminders" },
  spanProcessor: new BatchSpanProcessor(new OTLPTraceExporter()),
  metricReader: new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })
}))

// Polar reads no header of a trace. If a gateway of yours stands before Polar, `propagateTrace: Config.succeed(true)` shows it
// the span of each call as the parent
const seats = PortalSeats.layerConfig({
  token: PolarConnection.configToken("POLAR_CUSTOMER_SESSION"),
  baseUrl: Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL").pipe(Config.withDefault("https://api.polar.sh"))
}).pipe(Layer.provide(UndiciTransport.layer))

const invitations = Invitations.layer.pipe(Layer.provide([seats, Journal.layerMemory]))

const remind = Effect.fn("remind")(function* (ids: ReadonlyArray<SeatId>) {
  const { resend } = yield* Invitations
  yield* Effect.forEach(ids, (id) =>
    resend(id).pipe(
      Effect.matchEffect({
        // OTLP exports a line that is logged in a span, so the line holds no address
        onSuccess: ({ invitation }) => Effect.log(`${id}: resent, and its link is ${invitation._tag}`),
        onFailure: ({ message }) => Effect.logWarning(message)
      })
    )
  )
})

Schema.decodeUnknownEffect(Schema.Array(SeatId))(process.argv.slice(2)).pipe(
  Effect.flatMap(remind),
  Effect.provide(Layer.merge(invitations, telemetry)),
  NodeRuntime.runMain
)
