import { EventEmitter, once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import type { TestContext } from "vitest"

/**
 * Starts a proxy between the command and Polar that records each request. It forwards a request even if the command has
 * stopped waiting for the answer. Without a `polar` to forward to, it never answers.
 */
export const startRecordingProxy = async ({ onTestFinished }: TestContext, polar?: string) => {
  const requests: Array<string> = []
  const seen = new EventEmitter()
  const server = createServer(async (request, response) => {
    const { headers, method = "", url = "" } = request
    const sent = await text(request)
    requests.push(`${method} ${url}`)
    seen.emit("request")
    if (polar === undefined) return
    const answer = await fetch(`${polar}${url}`, {
      method,
      headers: { authorization: headers.authorization ?? "", "content-type": headers["content-type"] ?? "" },
      ...(sent === "" ? {} : { body: sent })
    })
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text())
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  /** Waits until this many requests have arrived. */
  const arrived = async (count: number) => {
    while (requests.length < count) await once(seen, "request")
  }
  /** Waits until this many more requests of a kind have arrived. */
  const arrivedOf = async (kind: RegExp, count: number) => {
    const before = requests.length
    while (requests.slice(before).filter((request) => kind.test(request)).length < count) await once(seen, "request")
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, arrived, arrivedOf }
}

/** Starts a server that passes each request on to `polar`, and returns its URL. */
export const startPassage = async (
  { onTestFinished }: TestContext,
  polar: (method: string, path: string, body: string) => Promise<Response>
) => {
  const server = createServer(async (request, response) => {
    const answer = await polar(request.method ?? "", request.url ?? "", await text(request))
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text())
  }).listen(0, "127.0.0.1")
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, "listening")
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
