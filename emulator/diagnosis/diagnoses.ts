/**
 * What the emulator thinks of what the kernel does. The rules are observers: they read the machine and never change it,
 * and what they remember is in the journal, so that going back takes it back.
 */
import { CATALOGUE, type DiagnosisCode } from '../findings/catalogue';
import type { Diagnosis, RuleFinding, Say } from '../findings/diagnosis';
import type { Place } from '../findings/place';
import type { Err } from '../kernel/release/errno';
import type { ScenarioDecl } from '../language/syntax/ast';
import type { Value } from '../language/types';
import { JournaledList, JournaledMap } from '../machine/journal';
import type { Frame } from '../runtime/code';
import type { Host } from '../runtime/host/host';
import type { Listener, Observer, Phase } from '../runtime/listener';
import type { KernelWork } from '../runtime/purpose';
import type { RunException } from '../runtime/stop';
import { STD_SCHEME } from '../std/texts';
import { frozenRules } from './after-freeze';
import { blame } from './blame';
import { callbackRules } from './callbacks';
import { freedRules } from './used-after-free';
import { carriedDevices } from './carried-devices';
import { causeOf } from './causes';
import { cgroupRules } from './cgroups';
import { Chronicle } from './chronicle';
import { debugfsRules } from './debugfs';
import { deviceRules } from './devices';
import { carriedRules } from './devices-carried-over';
import { missed } from './expected-findings';
import { flbRules } from './flbs';
import { folioRules } from './folios';
import { guestRules } from './guests';
import { handoverRules } from './handover';
import { type Rules, together } from './hearing';
import { hugePageRules } from './huge-pages';
import { interruptRules } from './interrupts';
import { memfdRules } from './memfd';
import { memoryRules } from './memory';
import { preparationRules } from './not-enabled';
import { pciRules } from './pci';
import { pointerRules } from './pointers';
import type { RuleFile } from './rules';
import type { Scene } from './scene';
import { sessionRules } from './sessions';
import { unreadableRules } from './unreadable-sessions';
import { waitingRules } from './waiting';

/** Whose rules are heard, in this order. Every code of the catalogue belongs to one of these files. */
export const RULE_FILES: readonly RuleFile[] = [
    sessionRules,
    flbRules,
    memoryRules,
    folioRules,
    hugePageRules,
    cgroupRules,
    pointerRules,
    handoverRules,
    preparationRules,
    debugfsRules,
    memfdRules,
    callbackRules,
    freedRules,
    frozenRules,
    unreadableRules,
    waitingRules,
    carriedRules,
    deviceRules,
    pciRules,
    interruptRules,
    guestRules,
];

export class Diagnoses implements Observer {
    /** All rules as one: for each event those that have it. */
    readonly listener: Listener;
    /** In the order in which they were made. */
    readonly found: JournaledList<Diagnosis>;
    private readonly said: JournaledMap<string, true>;
    /** The reboot that a kernel comes up by, which is the place of what it says then. */
    private readonly jumps: JournaledMap<number, Place>;
    private readonly strays: JournaledMap<string, number>;
    private readonly rules: readonly Rules[];
    /** Those that hear of returned calls: of those that matter, and of all. */
    private readonly returned: readonly NonNullable<Rules['callReturned']>[];
    private readonly returnedAny: readonly NonNullable<Rules['callReturned']>[];
    /** While rules are told that a call has returned: the caller's frame stands behind it. */
    private callReturned = false;

    constructor(
        private readonly host: Host,
        private readonly scenario: ScenarioDecl,
        private readonly end: Place,
    ) {
        this.found = new JournaledList(host.machine.journal);
        this.said = new JournaledMap(host.machine.journal);
        this.jumps = new JournaledMap(host.machine.journal);
        this.strays = new JournaledMap(host.machine.journal);
        const chronicle = new Chronicle(host, () => this.here());
        const carried = carriedDevices(host);
        const scene: Scene = {
            host,
            chronicle,
            carried,
            strays: this.strays,
            say: (code, finding) => this.say(code, finding),
        };
        this.rules = [chronicle.events, carried, ...RULE_FILES.map((file) => file.make(scene))];
        this.returned = this.rules.flatMap((r) => r.callReturned ?? []);
        this.returnedAny = this.rules.flatMap((r) => r.anyCallReturned ?? []);
        const events = together(this.rules);
        // an object of its own that is made at once: what hears a million DMA writes must be quick to ask for its
        // methods
        this.listener = {
            ...events,
            kernelLeft: (work, result, frame) => this.hearReturn(work, result, frame),
            phase: (phase) => this.hearPhase(phase, () => events.phase?.(phase)),
            ended: () => this.hearEnd(),
        };
        host.listeners.observe(this);
    }

    private hearReturn(work: KernelWork, result: Value | Err, frame: Frame | null): void {
        this.callReturned = frame !== null;
        for (const hear of this.returnedAny) {
            hear(work, result);
        }
        if (frame !== null || work.kind !== 'system call') {
            for (const hear of this.returned) {
                hear(work, result);
            }
        }
        this.callReturned = false;
    }

    private here(): Place | undefined {
        const { boot } = this.host;
        const { current, scenarioThread } = this.host.interpreter;
        const jumped = this.jumps.get(boot);
        const ownCode = current !== scenarioThread && current.frames.some((f) => !f.code.uri.startsWith(STD_SCHEME));
        return jumped && !ownCode ? jumped : blame(this.host, this.callReturned);
    }

    /** Those of a run; null where nobody looks. */
    static of(host: Host): Diagnoses | null {
        return host.listeners.observer(Diagnoses);
    }

    /**
     * Has the run of a scenario that is about to start watched. `end`: where a diagnosis is placed that is made when it
     * is over.
     */
    static attach(host: Host, scenario: ScenarioDecl, end: Place): Diagnoses {
        return new Diagnoses(host, scenario, end);
    }

    private hearPhase(phase: Phase, tellRules: () => void): void {
        const from = phase === 'jump' ? this.here() : undefined;
        if (from) {
            this.jumps.set(this.host.boot + 1, from);
        }
        tellRules();
        if (phase === 'running') {
            this.jumps.delete(this.host.boot);
        }
        if (phase === 'shutdown') {
            const kernel = this.host.running;
            for (const r of this.rules) {
                r.handingOver?.(kernel, (code, finding) => this.say(code, finding));
            }
        }
    }

    private hearEnd(): void {
        // What the scenario left undone is best shown where it began: the last place of its history.
        this.atEnd((code, finding) =>
            this.say(code, {
                ...finding,
                place: finding.place ?? finding.history?.findLast((line) => line.place)?.place ?? this.end,
            }),
        );
    }

    /**
     * Why the scenario, which has come to its end, has not found what it says that it finds; undefined where all is as
     * it says.
     */
    missed(): RunException | undefined {
        return missed(this.scenario, this.end.uri, this.found.items);
    }

    /** How often a device went to memory that was not given to it. */
    straysOf(device: string): number {
        return this.strays.get(device) ?? 0;
    }

    /** A diagnosis with this code was made, or would be if the scenario ended here. */
    has(code: DiagnosisCode): boolean {
        if (this.found.items.some((d) => d.code === code)) {
            return true;
        }
        let would = false;
        this.atEnd((c) => {
            would ||= c === code;
        });
        return would;
    }

    private atEnd(say: Say): void {
        const { kernel } = this.host;
        if (kernel && !this.host.booting) {
            for (const r of this.rules) {
                r.atEnd?.(kernel, say);
            }
        }
    }

    private say(code: DiagnosisCode, finding: RuleFinding): void {
        const { host } = this;
        const key = `${code} ${host.boot} ${finding.about}`;
        if (this.said.has(key)) {
            return;
        }
        this.said.set(key, true);
        const { severity, advice } = CATALOGUE[code];
        const place = finding.place ?? this.here() ?? this.end;
        const { data = {} } = finding;
        const diagnosis: Diagnosis = {
            code,
            severity,
            message: finding.message,
            place,
            time: host.machine.clock.now,
            boot: host.boot,
            history: (finding.history ?? []).map(({ boot, text, place: at }) => ({ boot, text, place: at })),
            advice: finding.advice ?? advice,
            data,
            cause: causeOf({ code, boot: host.boot, data }, this.found.items, host.machine.page),
        };
        this.found.push(diagnosis);
        host.tell((l) => l.diagnosed?.(diagnosis));
        if (severity !== 'hint' || host.interpreter.filters.has(code)) {
            host.interpreter.raise(
                severity === 'error' ? 'diagnosis' : 'diagnosis-warning',
                `${code}: ${finding.message}`,
                place,
                diagnosis,
            );
        }
    }
}
