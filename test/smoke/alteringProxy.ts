import { once } from "node:events"
import { createServer, type IncomingMessage, request as requestOf, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"

/** A request that passes the proxy. */
export interface Passing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly sent: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
}

/** Changes an answer, or leaves it as it is. May also wait. */
export type Alter = (request: Passing, answer: Answer) => Answer | Promise<Answer>

/** Starts a server between the command and an emulator. It passes on every byte, except for what `alter` changes. */
export const startAlteringProxy = async (emulator: string, alter: () => Alter) => {
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const { headers, method = "", url = "" } = request
    const passed = requestOf(`${emulator}${url}`, { method, headers, agent: false })
    if (headers["content-length"] === undefined) {
      passed.removeHeader("content-length")
      passed.removeHeader("transfer-encoding")
    }
    passed.on("error", () => response.destroy())
    let sent = ""
    request.setEncoding("utf8").on("data", (chunk: string) => {
      sent += chunk
    })
    // The body may never come, so the answer is not kept back for it
    request.pipe(passed)
    passed.flushHeaders()
    const [came] = (await once(passed, "response")) as [IncomingMessage]
    const answer = { status: came.statusCode ?? 0, headers: came.headers, text: await text(came) }
    const altered = await alter()({ method, path: url, headers, sent }, answer)
    response.sendDate = false
    response.statusCode = altered.status
    for (const [name, value] of Object.entries(altered.headers)) {
      if (value !== undefined && name !== "content-length" && name !== "transfer-encoding")
        response.setHeader(name, value)
    }
    response.end(altered.text)
  }
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.destroy())
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}
