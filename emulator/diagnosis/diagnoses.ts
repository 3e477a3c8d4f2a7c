/**
 * What the emulator thinks of what the kernel does. The rules are observers: they read the machine and never change it, and what they
 * remember is in the journal, so that going back takes it back.
 */
import type { Differing, VcpuState } from '../machine/guests';
import type { Device } from '../machine/devices/device';
import type { Delivery } from '../machine/interrupts/delivery';
import { Seq, Table } from '../machine/journal';
import type { Err } from '../kernel/release/errno';
import type { LogLine } from '../kernel/klog';
import type { LuoFile, LuoHandler } from '../kernel/luo/state';
import type { DeviceChange } from '../machine/pci/bus';
import type { Int } from '../machine/int';
import type { Frame } from '../runtime/code';
import type { StructLayout } from '../language/layout';
import type { ScenarioDecl } from '../language/syntax/ast';
import type { Place } from '../findings/place';
import type { Observer, Phase } from '../runtime/listener';
import type { RunException } from '../runtime/stop';
import type { LockWait, Thread } from '../runtime/thread';
import { STD_SCHEME } from '../std/texts';
import type { Value } from '../language/types';
import type { ArrayView } from '../runtime/view';
import type { Vm } from '../runtime/interpreter';
import { blame } from './blame';
import { callbackRules } from './callbacks';
import { cgroupRules } from './cgroups';
import { causeOf } from './causes';
import { debugfsRules } from './debugfs';
import { deviceRules, type DeviceRules } from './devices';
import { CATALOGUE, type DiagnosisCode } from '../findings/catalogue';
import { Chronicle } from './chronicle';
import type { Diagnosis, Finding, Say } from '../findings/diagnosis';
import { missed } from './expected-findings';
import { flbRules } from './flbs';
import { folioRules } from './folios';
import { guestRules, type GuestRules } from './guests';
import { frozenRules, type FrozenRules } from './after-freeze';
import { handoverRules } from './handover';
import { hugePageRules } from './huge-pages';
import { interruptRules, type InterruptRules } from './interrupts';
import { memfdRules } from './memfd';
import { memoryRules } from './memory';
import { pciRules, type PciRules } from './pci';
import { pointerRules } from './pointers';
import { preparationRules } from './not-enabled';
import type { Rules } from './rules';
import type { Scene } from './scene';
import { sessionRules } from './sessions';
import { unreadableRules } from './unreadable-sessions';
import { waitingRules } from './waiting';

/** Natives whose return is looked at. All others are many, and nothing is to be seen there. */
const WATCHED = new Set(['add_seals']);

export class Diagnoses implements Observer {
    /** In the order in which they were made. */
    readonly found: Seq<Diagnosis>;
    private readonly said: Table<string, true>;
    /** The reboot that a kernel comes up by, which is the place of what it says then. */
    private readonly jumps: Table<number, Place>;
    private readonly rules: readonly Rules[];
    private readonly devices: DeviceRules;
    private readonly pci: PciRules;
    private readonly interrupts: InterruptRules;
    private readonly guests: GuestRules;
    private readonly frozen: FrozenRules;
    /** All that listen: they are one listener to the run, which has many calls and few events that matter here. */
    private readonly watching: readonly Rules[];
    /** While listeners are told that kernel code has returned: the caller's frame stands behind its call. */
    private behind = false;

    constructor(
        private readonly vm: Vm,
        private readonly scenario: ScenarioDecl,
        private readonly end: Place,
    ) {
        this.found = new Seq(vm.machine.journal);
        this.said = new Table(vm.machine.journal);
        this.jumps = new Table(vm.machine.journal);
        const scene: Scene = {
            vm,
            chronicle: new Chronicle(vm, () => this.here()),
            say: (code, finding) => this.say(code, finding),
        };
        this.devices = deviceRules(scene);
        this.pci = pciRules(scene);
        this.interrupts = interruptRules(scene);
        this.guests = guestRules(scene);
        this.frozen = frozenRules(scene);
        this.rules = [
            sessionRules(scene),
            flbRules(scene),
            memoryRules(scene),
            folioRules(scene),
            hugePageRules(scene),
            cgroupRules(scene),
            pointerRules(scene),
            handoverRules(scene),
            preparationRules(scene),
            debugfsRules(scene),
            memfdRules(scene),
            callbackRules(scene),
            this.frozen,
            unreadableRules(scene),
            waitingRules(scene),
            this.devices,
            this.pci,
            this.interrupts,
            this.guests,
        ];
        this.watching = [scene.chronicle, ...this.rules];
        vm.listeners.observe(this);
    }

    returned(name: string, result: Value | Err, frame: Frame | null): void {
        if (!frame && !WATCHED.has(name) && !this.frozen.watchful()) {
            return;
        }
        this.behind = frame !== null;
        for (const r of this.watching) {
            r.settled?.(name, result, frame);
        }
        this.behind = false;
    }

    callbackEntered(name: string, frame: Frame): void {
        for (const r of this.watching) {
            r.callbackEntered?.(name, frame);
        }
    }

    callbackLeft(name: string, result: unknown, frame: Frame): void {
        for (const r of this.watching) {
            r.callbackLeft?.(name, result, frame);
        }
    }

    failed(what: string, error: Err, frame: Frame): void {
        for (const r of this.watching) {
            r.failed?.(what, error, frame);
        }
    }

    waits(thread: Thread, waiting: LockWait): void {
        for (const r of this.watching) {
            r.waits?.(thread, waiting);
        }
    }

    woken(thread: Thread, waiting: LockWait): void {
        for (const r of this.watching) {
            r.woken?.(thread, waiting);
        }
    }

    viewed(layout: StructLayout, pa: number): void {
        for (const r of this.watching) {
            r.viewed?.(layout, pa);
        }
    }

    described(array: ArrayView, descriptor: number): void {
        for (const r of this.watching) {
            r.described?.(array, descriptor);
        }
    }

    moduleGone(handler: LuoHandler, files: readonly LuoFile[]): void {
        for (const r of this.watching) {
            r.moduleGone?.(handler, files);
        }
    }

    lost(how: 'panic' | 'power'): void {
        for (const r of this.watching) {
            r.lost?.(how);
        }
    }

    halfRestored(address: Int, pages: number): void {
        for (const r of this.watching) {
            r.halfRestored?.(address, pages);
        }
    }

    corrupted(): void {
        for (const r of this.watching) {
            r.corrupted?.();
        }
    }

    notRestored(address: Int, given?: boolean): void {
        for (const r of this.watching) {
            r.notRestored?.(address, given);
        }
    }

    folioChanged(how: 'moved' | 'split' | 'freed', head: number, order: number, to: number): void {
        for (const r of this.watching) {
            r.folioChanged?.(how, head, order, to);
        }
    }

    inScratch(address: number, size: number): void {
        for (const r of this.watching) {
            r.inScratch?.(address, size);
        }
    }

    dma(device: Device, iova: number, pa: number, length: number, write: boolean): void {
        this.devices.dma(device, iova, pa, length, write);
    }

    walked(device: Device, iova: number, trail: readonly number[]): void {
        this.devices.walked(device, iova, trail);
    }

    guestCreated(name: string): void {
        this.guests.guestCreated(name);
    }

    guestSaved(name: string): void {
        this.guests.guestSaved(name);
    }

    guestLoaded(name: string): void {
        this.guests.guestLoaded(name);
    }

    guestDiffers(name: string, what: Differing): void {
        this.guests.guestDiffers(name, what);
    }

    guestFaulted(name: string, index: number, gpa: number, why: string): void {
        this.guests.guestFaulted(name, index, gpa, why);
    }

    vcpu(name: string, index: number, state: VcpuState): void {
        this.guests.vcpu(name, index, state);
    }

    iommuFault(device: Device, iova: number, write: boolean): void {
        this.devices.fault(device, iova, write);
    }

    interrupt(device: Device, vector: number, delivery: Delivery): void {
        this.interrupts.interrupt(device, vector, delivery);
    }

    remapped(device: Device, vector: number, trail: readonly number[]): void {
        this.interrupts.remapped(device, vector, trail);
    }

    slept(): void {
        for (const r of this.rules) {
            r.slept?.();
        }
    }

    deviceChanged(device: Device, change: DeviceChange): void {
        this.pci.deviceChanged(device, change);
    }

    log(line: LogLine, place: Place | undefined): void {
        for (const r of this.watching) {
            r.log?.(line, place);
        }
    }

    private here(): Place | undefined {
        const { current, scenarioThread, boot } = this.vm;
        const jumped = this.jumps.get(boot);
        const ownCode = current !== scenarioThread && current.frames.some((f) => !f.code.uri.startsWith(STD_SCHEME));
        return jumped && !ownCode ? jumped : blame(this.vm, this.behind);
    }

    /** Those of a run; null where nobody looks. */
    static of(vm: Vm): Diagnoses | null {
        return vm.listeners.observer(Diagnoses);
    }

    /** Has the run of a scenario that is about to start watched. `end`: where a diagnosis is placed that is made when it is over. */
    static attach(vm: Vm, scenario: ScenarioDecl, end: Place): Diagnoses {
        return new Diagnoses(vm, scenario, end);
    }

    phase(phase: Phase): void {
        const from = phase === 'jump' ? this.here() : undefined;
        if (from) {
            this.jumps.set(this.vm.boot + 1, from);
        }
        for (const r of this.watching) {
            r.phase?.(phase);
        }
        if (phase === 'running') {
            this.jumps.delete(this.vm.boot);
        }
        if (phase === 'shutdown') {
            const kernel = this.vm.running;
            for (const r of this.rules) {
                r.handingOver?.(kernel, (code, finding) => this.say(code, finding));
            }
        }
    }

    ended(): void {
        // What the scenario left undone is best shown where it began: the last place of its history.
        this.atEnd((code, finding) =>
            this.say(code, {
                ...finding,
                place: finding.place ?? finding.history?.findLast((line) => line.place)?.place ?? this.end,
            }),
        );
    }

    /** Why the scenario, which has come to its end, has not found what it says that it finds; undefined where all is as it says. */
    missed(): RunException | undefined {
        return missed(this.scenario, this.end.uri, this.found.items);
    }

    /** How often a device went to memory that was not given to it. */
    straysOf(device: string): number {
        return this.devices.strays(device);
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
        const { kernel } = this.vm;
        if (kernel && !this.vm.power.booting) {
            for (const r of this.rules) {
                r.atEnd?.(kernel, say);
            }
        }
    }

    private say(code: DiagnosisCode, finding: Finding): void {
        const { vm } = this;
        const key = `${code} ${vm.boot} ${finding.about}`;
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
            time: vm.machine.clock.now,
            boot: vm.boot,
            history: (finding.history ?? []).map(({ boot, text, place: at }) => ({ boot, text, place: at })),
            advice: finding.advice ?? advice,
            data,
            cause: causeOf({ code, boot: vm.boot, data }, this.found.items, vm.machine.page),
        };
        this.found.push(diagnosis);
        vm.tell((l) => l.diagnosed?.(diagnosis));
        if (severity !== 'hint' || vm.filters.has(code)) {
            vm.raise(
                severity === 'error' ? 'diagnosis' : 'diagnosis-warning',
                `${code}: ${finding.message}`,
                place,
                diagnosis,
            );
        }
    }
}
