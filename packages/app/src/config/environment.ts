import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { type Ended, endCommand, exitCode } from "../exit.ts"
import type { Lines } from "../output/print.ts"

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

const formatConfigError = ({ cause, message }: Config.ConfigError): Lines =>
  Schema.isSchemaError(cause)
    ? formatIssue(cause.issue).issues.map(
        ({ message, path = [] }) => `${path.filter(Predicate.isString).join(".")}: ${message}`
      )
    : message

/** Reads an environment variable: `undefined` if it is not set. An invalid value ends the command. */
export const readSetting = <A>(config: Config.Config<A>): Effect.Effect<A | undefined, Ended> =>
  Effect.matchEffect(Effect.map(Config.option(config), Option.getOrUndefined), {
    onFailure: (error) => endCommand(exitCode.wrongUse, formatConfigError(error)),
    onSuccess: Effect.succeed
  })

/** Reads an environment variable. If it is not set, the command ends and prints `whatToSet`. */
export const requireSetting = <A>(config: Config.Config<A>, whatToSet: string): Effect.Effect<A, Ended> =>
  Effect.filterOrElse(readSetting(config), Predicate.isNotUndefined, () => endCommand(exitCode.wrongUse, whatToSet))
