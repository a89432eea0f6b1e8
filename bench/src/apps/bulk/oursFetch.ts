import * as Transport from "@polar-seats/http/FetchTransport"
import { resendAll } from "../../bulk.ts"
import { connect } from "../../ours.ts"
import { url } from "../answered.ts"
import { run } from "./run.ts"

const { runtime } = await connect(url, Transport.layer)

run((concurrency, onEach) => runtime.runPromise(resendAll(concurrency, onEach)))
