import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { NodeHttpClient } from "@effect/platform-node"
import { Config, Layer } from "effect"

const seats = PortalSeats.layerConfig({
  token: PolarConnection.configToken("POLAR_CUSTOMER_SESSION"),
  environment: Config.schema(PolarConnection.Environment, "POLAR_ENVIRONMENT").pipe(Config.withDefault("production"))
}).pipe(Layer.provide(NodeHttpClient.layerUndici)) // or FetchHttpClient.layer: HttpClient stays open

export default seats
