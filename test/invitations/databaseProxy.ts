import { createServer, connect, type AddressInfo, type Socket } from "node:net"

/**
 * A way to the database that can be interrupted. The caller must stop it.
 */
export const startProxy = async (database: string) => {
  const target = new URL(database)
  const sockets = new Set<Socket>()
  const held: Array<() => void> = []
  let holdAt: string | undefined
  let loseAt: string | undefined
  let isHolding = false
  let isGone = false
  let onHold = () => {}

  const server = createServer((client) => {
    if (isGone) {
      client.destroy()
      return
    }
    const server = connect(Number(target.port), target.hostname)
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket
        .on("error", () => {})
        .on("close", () => {
          sockets.delete(socket)
          client.destroy()
          server.destroy()
        })
    }
    server.on("data", (chunk) => client.write(chunk))
    client.on("data", (chunk) => {
      if (holdAt !== undefined && chunk.includes(holdAt)) {
        isHolding = true
        holdAt = undefined
        onHold()
      }
      if (loseAt !== undefined && chunk.includes(loseAt)) {
        loseAt = undefined
        server.removeAllListeners("data").once("data", () => client.destroy())
      }
      if (isHolding) held.push(() => server.write(chunk))
      else server.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = new URL(database)
  url.port = String((server.address() as AddressInfo).port)

  return {
    url: url.href,
    /** From the next statement on that holds a text, nothing reaches the database any more. Resolves then. */
    holdAt: (text: string) =>
      new Promise<void>((resolve) => {
        holdAt = text
        onHold = resolve
      }),
    /** The next statement that holds a text is executed, and its connection breaks before the answer. */
    loseAnswerTo: (text: string) => {
      loseAt = text
    },
    /** Whether the answer was lost. */
    hasLost: () => loseAt === undefined,
    /** From now on nothing reaches the database. */
    hold: () => {
      isHolding = true
    },
    /** All that was held back reaches the database now. */
    goOn: () => {
      isHolding = false
      for (const send of held.splice(0)) send()
    },
    /** Closes all connections, and takes none. */
    leave: () => {
      isGone = true
      for (const socket of sockets) socket.destroy()
    },
    /** Takes connections again. */
    comeBack: () => {
      isGone = false
    },
    connections: () => sockets.size / 2,
    stop: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  }
}
