import { fileURLToPath } from "node:url"
import { launch, whenPrinted, whenReady } from "../../scripts/launch.ts"
import { get, startEmulator } from "../app/runCli.ts"

export const organization = "polar_oat_s3cret"
export const subscription = "e5149aae-e521-42b9-b24c-abb3d71eea2e"
/** The seats of examples/acme.json. */
export const ann = "9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"
export const eve = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
export const ben = "2b7e1516-28ae-4d2a-abf7-158809cf4f3c"

const examples = new URL("../../examples/", import.meta.url)

/** Starts the emulator as the examples' README does. The caller stops it. */
export const startAcme = async () => {
  const { firstLine: url, stop } = await startEmulator("--seed", fileURLToPath(new URL("acme.json", examples)))
  const mails = async () =>
    (await get(`${url}/_emulator/outbox`)) as ReadonlyArray<{ readonly to: string; readonly token: string }>
  return { url, stop, mails }
}

/** Starts an example that serves on a free port. `stop` ends it, and returns all that it printed. */
export const startExample = async (name: string, env: Readonly<Record<string, string>>) => {
  const example = launch(process.execPath, [fileURLToPath(new URL(`src/${name}`, examples))], {
    env: { PORT: "0", NO_COLOR: "1", ...env }
  })
  const printed = () => example.printed.stdout + example.printed.stderr
  const listening = whenPrinted(example, () => /http:\/\/127\.0\.0\.1:\d+/.exec(printed())?.[0])
  const url = await whenReady(example, listening)
  const stop = async (): Promise<string> => {
    await example.stop()
    return printed()
  }
  return { url, stop, printed }
}
