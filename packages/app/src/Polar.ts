import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Seats } from "@polar-seats/domain/Seats"
import * as PolarConnection from "@polar-seats/http/PolarConnection"
import * as PortalSeats from "@polar-seats/http/PortalSeats"
import { Config, Effect, Layer, Option, Predicate, Schema, SchemaIssue } from "effect"
import { type Ended, end, exitCode } from "./Outcome.ts"

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

const describe = ({ cause, message }: Config.ConfigError): string =>
  Schema.isSchemaError(cause)
    ? formatIssue(cause.issue)
        .issues.map(({ message, path = [] }) => `${path.filter(Predicate.isString).join(".")}: ${message}`)
        .join("\n")
    : message

/** One variable of the environment: its value, nothing where it is not set, or the end of the command where it is wrong. */
const setting = <A>(config: Config.Config<A>): Effect.Effect<A | undefined, Ended> =>
  Effect.matchEffect(Effect.map(Config.option(config), Option.getOrUndefined), {
    onFailure: (error) => end(exitCode.wrongUse, describe(error)),
    onSuccess: Effect.succeed
  })

/** `Seats` as the environment says: `POLAR_CUSTOMER_SESSION`, `POLAR_ENVIRONMENT`, `POLAR_API_URL`. */
export const layer: Layer.Layer<Seats, Ended> = Layer.unwrap(
  Effect.gen(function* () {
    const token = yield* setting(PolarConnection.configToken("POLAR_CUSTOMER_SESSION"))
    const environment = yield* setting(Config.schema(PolarConnection.Environment, "POLAR_ENVIRONMENT"))
    const baseUrl = yield* setting(Config.schema(PolarConnection.BaseUrl, "POLAR_API_URL"))
    if (token === undefined) {
      return yield* end(
        exitCode.wrongUse,
        "POLAR_CUSTOMER_SESSION: is missing or empty. Put the token of a customer or member session there."
      )
    }
    return PortalSeats.layer({ token, environment, baseUrl }).pipe(
      Layer.catch((error) => Layer.effect(Seats, end(exitCode.wrongUse, error.message)))
    )
  })
).pipe(Layer.provide(NodeHttpClient.layerUndici))
