/**
 * A fault that is put into the engine. `file` is below packages/invitations/src, and `from` stands in it once. A fault
 * with a `test` is found by that one. The others are found by random schedules.
 */
export interface Mutation {
  readonly name: string
  readonly file: string
  readonly from: string
  readonly to: string
  readonly test?: string
}

/** Faults that the tests find. Each was in the engine once, or is one step away from it. */
export const mutations: ReadonlyArray<Mutation> = [
  {
    name: "a write forgets the mails before",
    file: "Journal.ts",
    from: "mailed: laterOf(found?.mailed ?? null, content.mailed)",
    to: "mailed: content.attempt === null ? content.mailed : null"
  },
  {
    name: "a write forgets the doubts before",
    file: "Journal.ts",
    from: "doubt: laterOf(found?.doubt ?? null, content.doubt)",
    to: "doubt: content.attempt === null ? content.doubt : null"
  },
  {
    name: "a resend leaves before it is written down",
    file: "internal/resendSeat.ts",
    from: "return Effect.flatMap(begin(engine.journal, key, attempt, found), (held) =>",
    to: "return Effect.flatMap(Effect.andThen(Effect.ignore(engine.seats.resend(seatId)), begin(engine.journal, key, attempt, found)), (held) =>"
  },
  {
    name: "a doubt is taken for nothing sent",
    file: "internal/resendSeat.ts",
    from: 'if (error.success._tag === "Unavailable" && mayHaveHappened(error.success)) {',
    to: "if (false) {"
  },
  {
    name: "the holder in the answer to a resend is not compared",
    file: "internal/resendSeat.ts",
    from: "if (meant !== undefined && !isSamePerson(meant, answer)) {",
    to: "if (false) {"
  },
  {
    name: "the cooldown of a mail is not looked at",
    file: "internal/knowledge.ts",
    from: "if (mailed !== null && DateTime.isLessThan(now, cooledAt(mailed.at))) {",
    to: "if (false) {"
  },
  {
    name: "a live attempt of another process counts as abandoned",
    file: "internal/knowledge.ts",
    from: "if (attempt !== null && !isAbandoned) return Standing.InProgress({ attempt })",
    to: "yield* engine.journal.get(reissue.key)"
  },
  {
    name: "a slow call does not renew its attempt",
    test: "takenOver.test.ts",
    file: "internal/attempt.ts",
    from: "keepAlive: (effect) => (isShared ? Effect.raceFirst(effect, renewForEver()) : effect)",
    to: "keepAlive: (effect) => effect"
  },
  {
    name: "a bare id does not look at the holder",
    file: "internal/singleSeat.ts",
    from: "const guard = (key === bareKey ? guardHolder : guardBareId)(engine, seatId, overrides)",
    to: "const guard = Effect.void"
  },
  {
    name: "a reissue does not look at the bare id",
    file: "internal/reissueSeat.ts",
    from: "yield* Effect.onError(guardBareId(engine, plan.seatId, options.overrides), () => Effect.ignore(withdraw(held)))",
    to: "yield* engine.journal.get(reissue.key)"
  },
  {
    name: "the answer to a revocation is not compared",
    file: "internal/revokeAndAssign.ts",
    from: "if (!reissue.wasHolder(answer)) {",
    to: "if (false) {"
  },
  {
    name: "a seat that somebody else has revoked counts as revoked by us",
    test: "otherPeople.test.ts",
    file: "internal/revokeAndAssign.ts",
    from: "if (answer.member === null && answer.customerEmail === null) {",
    to: "if (false) {"
  },
  {
    name: "a worker that was taken over does not look again",
    test: "takenOver.test.ts",
    file: "internal/revokeAndAssign.ts",
    from: "isOurs ? Effect.succeed(revokedAt) : restore(lookAfterTakeover(reissuing, answer))",
    to: "Effect.succeed(revokedAt)"
  },
  {
    name: "a worker that was taken over does not wait for the one that is at work",
    test: "takenOver.test.ts",
    file: "internal/revokeAndAssign.ts",
    from: "Option.getOrUndefined(yield* waitForOther(reissuing))",
    to: "yield* engine.journal.get(reissue.key)"
  },
  {
    name: "a worker that was taken over before it assigns reports a failure",
    test: "takenOver.test.ts",
    file: "internal/revokeAndAssign.ts",
    from: '"MailedSomebodyElse", "TakenOver", "StillOnItsWay"])',
    to: '"MailedSomebodyElse", "StillOnItsWay"])'
  },
  {
    name: "a worker that was taken over reports what the other one has mended",
    test: "takenOver.test.ts",
    file: "internal/revokeAndAssign.ts",
    from: "Effect.fail(isOurs ? error : new TakenOver())",
    to: "Effect.fail(isOurs ? error : error)"
  },
  {
    name: "a worker that finds the person seated when it is about to assign reports a failure",
    test: "takenOver.test.ts",
    file: "internal/reissueSeat.ts",
    from: 'if (plan._tag === "HasSeat") return yield* settleSeated(reissuing, plan.seat, begun)',
    to: 'if (plan._tag === "HasSeat") return yield* fail(null)'
  },
  {
    name: "a mail that another process had sent makes the journal forget the revocation",
    test: "takenOver.test.ts",
    file: "internal/reissueSeat.ts",
    from: "isMailed ? { mailed } : {}",
    to: "isMailed ? { mailed: { ...mailed, revoked: null } } : {}"
  },
  {
    name: "a person without a seat is assigned one, without evidence",
    test: "otherPeople.test.ts",
    file: "internal/reissuePlan.ts",
    from: 'if (ours === undefined) return { _tag: "Removed", isCertain: row?.status === "revoked" }',
    to: 'if (ours === undefined) return { _tag: "Assign", revokedAt: null }'
  },
  {
    name: "a revocation on its way is not waited for",
    test: "reissue.test.ts",
    file: "internal/reissuePlan.ts",
    from: 'return phase._tag === "Revoking" && DateTime.isLessThan(now, phase.until)',
    to: "return false"
  },
  {
    name: "a changed invitation is a result although it is dead",
    test: "reissue.test.ts",
    file: "internal/reissuePlan.ts",
    from: 'return isDead(other, now) ? planRevocation(other, known, index) : Result.succeed({ _tag: "HasSeat", seat: other })',
    to: 'return Result.succeed({ _tag: "HasSeat", seat: other })'
  },
  {
    name: "a read that is older than the bound serves a revocation",
    file: "internal/remindOptions.ts",
    from: 'const maxLookAgeDefault = "5 seconds"',
    to: 'const maxLookAgeDefault = "1 hour"'
  },
  {
    name: "a pause of years is waited for",
    test: "remind.test.ts",
    file: "internal/refusal.ts",
    from: "const isTooLong = now - since + Duration.toMillis(after) > maxWaitMillis",
    to: "const isTooLong = false"
  },
  {
    name: "a put of the file is acknowledged before the sync",
    test: "journalFileGroups.test.ts",
    file: "JournalFile.ts",
    from: "yield* file.sync",
    to: "yield* Effect.forkDetach(file.sync)"
  },
  {
    name: "waits go by a clock that somebody sets",
    file: "internal/clock.ts",
    from: "Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000",
    to: "clock.currentTimeMillisUnsafe()"
  }
]
