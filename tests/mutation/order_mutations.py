"""Deliberate bugs in the order machine, each of which the simulation or a test has to catch."""

from __future__ import annotations

from typing import Final

from tests.mutation.mutations import Mutation

ORDERS: Final = "rust/orders/src"

ORDER_MUTATIONS: Final = (
    Mutation(
        "a request leaves before it is in the journal",
        "sending.rs",
        """        // Before a byte of it leaves, it is known to have left.
        self.note(Record::Sent {
            request: number,
            kind,
            names: names.to_vec(),
            at_ms: self.now_ms,
        });
        self.effects.push(Effect::Send(Request {
            number,
            kind,
            reference: self.reference(number),
            market_id,
            instructions,
        }));""",
        """        self.effects.push(Effect::Send(Request {
            number,
            kind,
            reference: self.reference(number),
            market_id,
            instructions,
        }));
        self.note(Record::Sent {
            request: number,
            kind,
            names: names.to_vec(),
            at_ms: self.now_ms,
        });""",
    ),
    Mutation(
        "a report leaves before it is in the journal",
        "settle.rs",
        """        self.note(Record::Report(Box::new(report.clone())));
        self.effects.push(Effect::Report(report));""",
        """        self.effects.push(Effect::Report(report.clone()));
        self.note(Record::Report(Box::new(report)));""",
    ),
    Mutation(
        "another customerRef when a request leaves again",
        "sending.rs",
        'format!("h{:x}-{number:x}", self.book.epoch_of(number))',
        'format!("h{:x}-{number:x}-{}", self.book.epoch_of(number), self.now_ms)',
    ),
    Mutation(
        "an order whose bet the stream has shown leaves again",
        "dispatch.rs",
        "order.bet_id.is_none() && !order.is_unwanted()",
        "!order.is_unwanted()",
    ),
    Mutation(
        "a replacement that is not answered yet costs no more than its target",
        "funds.rs",
        "(cost(order) - cost(target)).max(0)",
        "(cost(order) - cost(target)).min(0)",
    ),
    Mutation(
        "orders of ours may meet each other",
        "checks.rs",
        'must(!meets, reject("SELF_MATCH"))',
        'must(!meets || moved.is_none(), reject("SELF_MATCH"))',
    ),
    Mutation(
        "a stranger's bet is adopted by two records",
        "reconcile.rs",
        "        self.note(Record::Adopted { intent, bet });",
        "        let name = intent.intent_id.clone();\n"
        "        self.note(Record::Intent(intent));\n"
        "        self.note(Record::Bet { name, bet });",
    ),
    Mutation(
        "a request leaves again after the venue has forgotten it",
        "dispatch.rs",
        "flight.first_ms + self.config().windows.resend_ms;\n        let deadline_ms",
        "flight.first_ms + 100 * self.config().windows.resend_ms;\n        let deadline_ms",
    ),
    Mutation(
        "an order in the queue has no deadline",
        "dispatch.rs",
        "                        || order.intent.deadline_ms() <= self.now_ms\n",
        "",
    ),
    Mutation(
        "cancels wait for pacing",
        "dispatch.rs",
        """            for names in names.chunks(CANCEL_MAX) {
                self.send_new(Kind::Cancel, names);""",
        """            for names in names.chunks(CANCEL_MAX) {
                let pacing = self.config().pacing;
                let paced = self.pace.take(&pacing, "", names.len(), self.now_ms);
                if let Err(ready_ms) = paced {
                    self.wake_at(ready_ms);
                    continue;
                }
                self.send_new(Kind::Cancel, names);""",
    ),
    Mutation(
        "a timeout is a rejection",
        "answers.rs",
        """            Told::Done { bet_id: None, .. } | Told::TimedOut => {
                order.stage = Stage::Doubt { since_ms: at_ms }
            }""",
        """            Told::Done { bet_id: None, .. } | Told::TimedOut => {
                order.stage = refused("TIMEOUT", Class::Reject, None);
            }""",
    ),
    Mutation(
        "a lost reply is taken for a request that did not leave",
        "answers.rs",
        'Answer::Lost(_) => Some("UNEXPECTED_ERROR"),',
        'Answer::Lost(_) => Some("SERVICE_BUSY"),',
    ),
    Mutation(
        "a torn record is taken for a whole one",
        "journal.rs",
        """        // The last one: its length was on the disk before all of it was.
        Ok(None)""",
        """        Ok(Some(body))""",
    ),
    Mutation(
        "an unfinished append is damage",
        "journal.rs",
        """    let Some(body) = rest.get(..length) else {
        return Ok(None);
    };""",
        """    let Some(body) = rest.get(..length) else {
        return Err("it is short".to_owned());
    };""",
    ),
    Mutation(
        "an intent that comes again is a new one",
        "machine.rs",
        "if self.book.knows(&intent.intent_id) {",
        "if self.book.order(&intent.intent_id).is_some() {",
    ),
    Mutation(
        "one order more than is allowed",
        "checks.rs",
        "self.book().orders.len() < limits.max_open_orders",
        "self.book().orders.len() <= limits.max_open_orders",
    ),
    Mutation(
        "after a restart nothing is in doubt",
        "machine.rs",
        "let flying: Vec<u64> = machine.book.flights.keys().copied().collect();",
        "let flying: Vec<u64> = Vec::new();",
    ),
    Mutation(
        "the first look-up that finds nothing is the truth",
        "reconcile.rs",
        "if looked_ms >= since_ms + self.doubt_ms(&order.intent.market_id) {",
        "if looked_ms >= since_ms {",
    ),
    Mutation(
        "a state that comes late undoes a later one",
        "facts.rs",
        "std::cmp::Ordering::Less => false,",
        "std::cmp::Ordering::Less => true,",
    ),
    Mutation(
        "a replaced bet is anybody's",
        "claims.rs",
        "Some(reference) => venue_ref == reference,",
        "Some(_) => true,",
    ),
    Mutation(
        "a void after the end is not told",
        "book.rs",
        "if ended.bet.is_none() || (bet.matched_centi, bet.value) != ended.told {",
        "if ended.bet.is_none() {",
    ),
    Mutation(
        "a bet that turns up after all rests on",
        "claims.rs",
        "            self.strays.insert(name, (bet, self.now_ms));",
        "            let _ = (name, bet);",
    ),
    Mutation(
        "a replaced order is told before it is known whether it was",
        "settle.rs",
        "return (!waits).then(|| of_complete(order));",
        "return (waits || !waits).then(|| of_complete(order));",
    ),
    Mutation(
        "a restart fills the buckets",
        "pacing.rs",
        """            all: Bucket {
                tokens: 0,""",
        """            all: Bucket {
                tokens: 1_000_000,""",
    ),
    Mutation(
        "the hour's transactions are forgotten when a request leaves again",
        "answers.rs",
        """        if matches!(kind, Kind::Place | Kind::Replace) {
            self.count(at_ms, names.len());""",
        """        let flight = self.flights.get(&request);
        let is_first = flight.is_some_and(|flight| flight.attempts == 1);
        if matches!(kind, Kind::Place | Kind::Replace) && is_first {
            self.count(at_ms, names.len());""",
    ),
    Mutation(
        "no cancel at the deadline",
        "dispatch.rs",
        "} else if order.stage == Stage::Live {\n                due.push",
        "} else if order.stage == Stage::Live && order.is_hedge() {\n                due.push",
    ),
    Mutation(
        "a part is taken off again when nobody knows whether it was",
        "answers.rs",
        """                Told::TimedOut => {
                    cancel.outcome = Some(Outcome::Refused {
                        code: "TIMEOUT".to_owned(),
                        class: Class::Ambiguous,
                    });
                }""",
        """                Told::TimedOut => {}""",
    ),
    Mutation(
        "places before the orders at the venue are known",
        "machine.rs",
        "            is_ready: false,",
        "            is_ready: true,",
    ),
)
