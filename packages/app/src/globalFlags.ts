import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"

/** The command itself, with the flags that every command takes. Yield it to know them. */
export const root = Command.make("polar-seats").pipe(
  Command.withSharedFlags({
    json: Flag.Boolean("json").pipe(
      Flag.withDescription("Print JSON for machines, one object a line, with Polar's own field names"),
      Flag.withDefault(false)
    ),
    verbose: Flag.Boolean("verbose").pipe(
      Flag.withDescription("Show each request on stderr, without anything secret"),
      Flag.withDefault(false)
    )
  })
)

/** What has to be known to run a command: its shared flags. */
export type Root = Command.CommandContext<"polar-seats">
