import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { type Ended, end, exitCode } from "../output/print.ts"

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

const describe = ({ cause, message }: Config.ConfigError): string =>
  Schema.isSchemaError(cause)
    ? formatIssue(cause.issue)
        .issues.map(({ message, path = [] }) => `${path.filter(Predicate.isString).join(".")}: ${message}`)
        .join("\n")
    : message

/** One variable of the environment: its value, nothing where it is not set, or the end of the command where it is wrong. */
export const setting = <A>(config: Config.Config<A>): Effect.Effect<A | undefined, Ended> =>
  Effect.matchEffect(Effect.map(Config.option(config), Option.getOrUndefined), {
    onFailure: (error) => end(exitCode.wrongUse, describe(error)),
    onSuccess: Effect.succeed
  })

/** The same, where the command cannot do without. */
export const required = <A>(config: Config.Config<A>, otherwise: string): Effect.Effect<A, Ended> =>
  Effect.filterOrElse(setting(config), Predicate.isNotUndefined, () => end(exitCode.wrongUse, otherwise))
