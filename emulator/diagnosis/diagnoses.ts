/**
 * The diagnoses of a run. Rules are observers: they read the machine and never change it, and they keep their state in
 * the journal, so that going back in time undoes it.
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
import { blame, type Moment } from './blame';
import { callbackRules } from './callbacks';
import { freedRules } from './used-after-free';
import { carriedDevices } from './carried-devices';
import { causeOf } from './causes';
import { cgroupRules } from './cgroups';
import { Chronicle } from './chronicle';
import { containerRules } from './containers';
import { debugfsRules } from './debugfs';
import { deviceMemoryRules } from './device-memory';
import { deviceStateRules } from './device-state';
import { crashRules } from './crash';
import { deviceRules } from './devices';
import { carriedRules } from './devices-carried-over';
import { dumpRules } from './dumped-processes';
import { diskRules } from './disks';
import { missed } from './expected-findings';
import { flbRules } from './flbs';
import { folioRules } from './folios';
import { holeRules } from './holes';
import { guestRules } from './guests';
import { handoverRules } from './handover';
import { type Rules, together } from './hearing';
import { hugePageRules } from './huge-pages';
import { interruptRules } from './interrupts';
import { lpiTableRules } from './lpi-tables';
import { confidentialRules } from './confidential';
import { memfdRules } from './memfd';
import { memoryRules } from './memory';
import { negotiationRules } from './negotiation';
import { nextMemoryRules } from './next-memory';
import { preparationRules } from './not-enabled';
import { orphanRules } from './orphans';
import { parameterRules } from './parameters';
import { pciRules } from './pci';
import { pointerRules } from './pointers';
import type { RuleFile } from './rules';
import type { Scene } from './scene';
import { scratchCostRules } from './scratch-costs';
import { sessionRules } from './sessions';
import { tmpfsRules } from './tmpfs';
import { layoutRules } from './typed-handover';
import { typedRecords } from './typed-memory';
import { unreadableRules } from './unreadable-sessions';
import { waitingRules } from './waiting';
import { printable } from '../text/utf8';

/** The rules, in the order in which they hear events. Every code of the catalogue belongs to one of these files. */
export const RULE_FILES: readonly RuleFile[] = [
    sessionRules,
    flbRules,
    memoryRules,
    folioRules,
    hugePageRules,
    cgroupRules,
    // before the rules about pointers: what they find about pages of confidential guests has its cause here
    confidentialRules,
    pointerRules,
    layoutRules,
    handoverRules,
    negotiationRules,
    preparationRules,
    parameterRules,
    nextMemoryRules,
    scratchCostRules,
    holeRules,
    debugfsRules,
    memfdRules,
    callbackRules,
    freedRules,
    frozenRules,
    containerRules,
    dumpRules,
    tmpfsRules,
    unreadableRules,
    waitingRules,
    carriedRules,
    deviceRules,
    crashRules,
    pciRules,
    interruptRules,
    lpiTableRules,
    deviceStateRules,
    diskRules,
    deviceMemoryRules,
    guestRules,
    orphanRules,
];

export class Diagnoses implements Observer {
    /** All rules as one listener. */
    readonly listener: Listener;
    /** In the order in which they were made. */
    readonly found: JournaledList<Diagnosis>;
    private readonly said: JournaledMap<string, true>;
    /** By boot, the reboot() that started the kernel: the place of findings while it boots. */
    private readonly jumps: JournaledMap<number, Place>;
    private readonly strays: JournaledMap<string, number>;
    private readonly rules: readonly Rules[];
    /** What is known of pages and of structures in memory, also for views. */
    readonly scene: Pick<Scene, 'chronicle' | 'typed'>;
    /** The handlers of `callReturned` and of `anyCallReturned`. */
    private readonly returned: readonly NonNullable<Rules['callReturned']>[];
    private readonly returnedAny: readonly NonNullable<Rules['callReturned']>[];
    /** Whether a scenario must find what it declares. */
    demanding = true;
    /** The kind of event that the rules are hearing. */
    private moment: Moment = 'statement';
    /** The frame that has just ended, while the rules hear of its end. */
    private endedFrame: Frame | null = null;

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
        const typed = typedRecords(host);
        const scene: Scene = {
            host,
            chronicle,
            carried,
            typed,
            strays: this.strays,
            say: (code, finding) => this.say(code, finding),
        };
        this.scene = scene;
        this.rules = [chronicle.events, carried, typed, ...RULE_FILES.map((file) => file.make(scene))];
        this.returned = this.rules.flatMap((r) => r.callReturned ?? []);
        this.returnedAny = this.rules.flatMap((r) => r.anyCallReturned ?? []);
        const events = together(this.rules);
        // one object literal: the lookup of its methods must be fast, as there can be a million DMA writes
        this.listener = {
            ...events,
            callbackEntered: (call) => {
                this.moment = 'callback entered';
                events.callbackEntered?.(call);
                this.moment = 'statement';
            },
            kernelLeft: (work, result, frame) => this.hearReturn(work, result, frame),
            phase: (phase) => this.hearPhase(phase, () => events.phase?.(phase)),
            ended: () => this.hearEnd(),
        };
        host.listeners.observe(this);
    }

    private hearReturn(work: KernelWork, result: Value | Err, frame: Frame | null): void {
        this.moment = frame === null ? 'statement' : 'call returned';
        this.endedFrame = frame;
        for (const hear of this.returnedAny) {
            hear(work, result);
        }
        if (frame !== null || work.kind !== 'system call') {
            for (const hear of this.returned) {
                hear(work, result);
            }
        }
        this.moment = 'statement';
        this.endedFrame = null;
        if (work.kind === 'boot') {
            this.jumps.delete(this.host.boot);
        }
    }

    private here(): Place | undefined {
        const { boot } = this.host;
        const { current, scenarioThread } = this.host.interpreter;
        const jumped = this.jumps.get(boot);
        const ownCode = current !== scenarioThread && current.frames.some((f) => !f.code.uri.startsWith(STD_SCHEME));
        return jumped && !ownCode ? jumped : (blame(this.host, this.moment, this.endedFrame) ?? jumped);
    }

    /** The diagnoses of a run; null if the run is not observed. */
    static of(host: Host): Diagnoses | null {
        return host.listeners.observer(Diagnoses);
    }

    /**
     * Watches the run of a scenario that is about to start.
     * @param end the place of findings after the last statement
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
        if (phase === 'shutdown') {
            const kernel = this.host.running;
            for (const r of this.rules) {
                r.handingOver?.(kernel, (code, finding) => this.say(code, finding));
            }
        }
    }

    private hearEnd(): void {
        // What the scenario left undone is shown at the last place of its history.
        this.atEnd((code, finding) =>
            this.say(code, {
                ...finding,
                place: finding.place ?? finding.history?.findLast((line) => line.place)?.place ?? this.end,
            }),
        );
    }

    /**
     * Why a scenario that has ended did not find what it declares with `finds`; undefined if it did.
     */
    missed(): RunException | undefined {
        return this.demanding ? missed(this.scenario, this.end.uri, this.found.items) : undefined;
    }

    /** Number of requests of a device to memory that was not mapped for it. */
    straysOf(device: string): number {
        return this.strays.get(device) ?? 0;
    }

    /** Whether a diagnosis with this code was made, or would be made if the scenario ended here. */
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
        // it can contain names that come from processes and memory images, with any bytes
        const message = printable(finding.message);
        const diagnosis: Diagnosis = {
            code,
            severity,
            message,
            place,
            time: host.machine.clock.now,
            boot: host.boot,
            history: (finding.history ?? []).map(({ boot, text, place: at }) => ({
                boot,
                text: printable(text),
                place: at,
            })),
            advice: finding.advice ?? advice,
            data,
            cause: causeOf({ code, boot: host.boot, data }, this.found.items, host.machine.page),
        };
        this.found.push(diagnosis);
        host.tell((l) => l.diagnosed?.(diagnosis));
        host.interpreter.raise(
            severity === 'error' ? 'diagnosis' : 'diagnosis-warning',
            `${code}: ${message}`,
            place,
            diagnosis,
        );
    }
}
