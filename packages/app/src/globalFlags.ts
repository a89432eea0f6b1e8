import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"

/** The command `polar-seats`, with the flags that every command takes. Yield it to read them. */
export const root = Command.make("polar-seats").pipe(
  Command.withSharedFlags({
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print JSON, one object a line, with Polar's field names"),
      Flag.withDefault(false)
    ),
    verbose: Flag.Boolean("verbose").pipe(
      Flag.withDescription("Print each request on stderr, without secrets"),
      Flag.withDefault(false)
    )
  })
)

/** The service that holds the shared flags of a command. */
export type Root = Command.CommandContext<"polar-seats">
