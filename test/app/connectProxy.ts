import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { createServer, request as send, type RequestListener, type Server } from "node:http"
import { createServer as createSecureServer } from "node:https"
import { type AddressInfo, connect } from "node:net"
import { text } from "node:stream/consumers"
import type { TestContext } from "vitest"

const portOf = (server: Server) => (server.address() as AddressInfo).port

const listening = async ({ onTestFinished }: TestContext, server: Server) => {
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return portOf(server)
}

interface Options {
  /** The status that refuses every connection. */
  readonly refuses?: string
}

/**
 * Starts a proxy that connects every name to 127.0.0.1, as a proxy of a company resolves names that the machine behind it
 * does not know. Its ledger has the first line of each request, and the credentials that came with it.
 */
export const startConnectProxy = async (test: TestContext, { refuses }: Options = {}) => {
  const ledger: Array<string> = []
  const credentials: Array<string | undefined> = []
  const record = (method = "", url = "", authorization: string | undefined) => {
    ledger.push(`${method} ${url}`)
    credentials.push(authorization)
  }
  const server = createServer((request, response) => {
    const { headers, method = "", url = "" } = request
    record(method, url, headers["proxy-authorization"])
    const { pathname, port, search } = new URL(url)
    const forwarded = send({ host: "127.0.0.1", port, path: pathname + search, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    request.pipe(forwarded)
  })
  server.on("connect", ({ headers, url = "" }, socket, head) => {
    record("CONNECT", url, headers["proxy-authorization"])
    socket.on("error", () => {})
    if (refuses !== undefined) return void socket.end(`HTTP/1.1 ${refuses}\r\ncontent-length: 0\r\n\r\n`)
    const upstream = connect(Number(url.replace(/.*:/, "")), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
      upstream.write(head)
      upstream.pipe(socket).pipe(upstream)
    })
    upstream.on("error", () => socket.destroy())
    socket.on("close", () => upstream.destroy())
  })
  const port = await listening(test, server)
  return { address: `127.0.0.1:${port}`, port, ledger, credentials }
}

// A self-signed certificate of polar.test for these tests only. Made once with `openssl ca` (prime256v1, valid 2020 to 2120)
const pem = (label: string, base64: string) =>
  `-----BEGIN ${label}-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END ${label}-----\n`
const key = pem(
  "PRIVATE KEY",
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCvrbzR9IPfzqK2mGoUFlikwR4Gz1ND0EA9NYQeoCi1+hRANCAAQ+ZIlh5JmEAARZDTa1DWNXY5GFYkL7IMMg6mupKunbGFhewYV5TVJBWkw5Td+xeMED3+XZ+W7SoCmp7tsSEgqV"
)
const cert = pem(
  "CERTIFICATE",
  "MIIBdzCCAR2gAwIBAgIUdTRvGOBetPCT8ce8gT6fI3+OHsowCgYIKoZIzj0EAwIwFTETMBEGA1UEAwwKcG9sYXIudGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFTETMBEGA1UEAwwKcG9sYXIudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABD5kiWHkmYQABFkNNrUNY1djkYViQvsgwyDqa6kq6dsYWF7BhXlNUkFaTDlN37F4wQPf5dn5btKgKanu2xISCpWjSTBHMBUGA1UdEQQOMAyCCnBvbGFyLnRlc3QwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUYmCrQnpHwku263auaFoBvjV1MEowCgYIKoZIzj0EAwIDSAAwRQIhAPMztKrm57kPZnNrzxlZYUicJg+Ve03ZmTbsLACtnPL6AiBHzXXEY9yFPEgS/yBEYBvYpTqLVnEAg6Ufh1PKWHZDRA=="
)

/** Writes the certificate of `startSecurePolar` into a file, for NODE_EXTRA_CA_CERTS. */
export const writeCertificate = (path: string) => writeFile(path, cert)

/** Starts `https://polar.test` in front of an emulator. Only a proxy finds it. */
export const startSecurePolar = async (test: TestContext, emulator: string) => {
  const pass: RequestListener = async (request, response) => {
    const { headers, method = "", url = "" } = request
    const body = await text(request)
    const answer = await fetch(`${emulator}${url}`, {
      method,
      headers: { authorization: headers.authorization ?? "", "content-type": headers["content-type"] ?? "" },
      ...(body === "" ? {} : { body })
    })
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text())
  }
  const port = await listening(test, createSecureServer({ key, cert }, pass))
  return { url: `https://polar.test:${port}`, host: `polar.test:${port}` }
}
