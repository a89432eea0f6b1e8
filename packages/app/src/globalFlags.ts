import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"

/** A flag without a value. */
export const switchFlag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

/** The command `polar-seats`, with the flags that every command takes. Yield it to read them. */
export const root = Command.make("polar-seats").pipe(
  Command.withSharedFlags({
    allowHost: Flag.String("allow-host").pipe(
      Flag.withMetavar("host"),
      Flag.withDescription(
        "Allow plain http to this host, such as polar-emulator in a container, and let it name the emulator; may be repeated"
      ),
      Flag.atLeast(0)
    ),
    json: switchFlag("json", "Print JSON, one object a line, with Polar's field names"),
    verbose: switchFlag("verbose", "Print each request on stderr, without secrets")
  })
)

/** The service that holds the shared flags of a command. */
export type Root = Command.CommandContext<"polar-seats">
