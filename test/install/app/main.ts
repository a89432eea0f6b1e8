import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import * as UndiciTransport from "@polar-seats/http/UndiciTransport"
import * as Journal from "@polar-seats/invitations/Journal"
import { Config, Layer } from "effect"
import { HttpRouter } from "effect/http"
import { createServer } from "node:http"
import { CallersSeats } from "./callersSeats.ts"
import { routes } from "./routes.ts"

const socket = NodeHttpServer.layerConfig(createServer, {
  host: Config.succeed("127.0.0.1"),
  port: Config.Int("PORT").pipe(Config.withDefault(3000))
})

HttpRouter.serve(routes).pipe(
  Layer.provide([CallersSeats.layer.pipe(Layer.provide(UndiciTransport.layer)), Journal.layerMemory, socket]),
  Layer.launch,
  NodeRuntime.runMain
)
