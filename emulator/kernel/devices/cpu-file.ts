/**
 * /sys/devices/system/cpu/cpuN/preserve: a read-only file for each processor that can be taken offline, as a descriptor
 * for sessions (design draft of September 2026).
 */
import { costId } from '../../machine/costs';
import { deviceFile } from '../fs/anon';
import { O_RDONLY } from '../fs/fcntl';
import type { OpenFile } from '../fs/file';
import type { KvmEnv } from '../kvm/vm';
import { err, type Err } from '../release/errno';

const CPU_OFFLINE = costId('cpu_offline');
const CPU_ONLINE = costId('cpu_online');
const PATH = /^\/sys\/devices\/system\/cpu\/cpu([0-9]+)\/preserve$/;

/** A processor behind its file. */
export class CpuFile {
    constructor(
        readonly k: KvmEnv,
        readonly cpu: number,
    ) {}

    get isAside(): boolean {
        return this.k.machine.processors.isAside(this.cpu);
    }

    /** Number of vCPUs that run on it. */
    get jobs(): number {
        return this.k.machine.processors.jobs.items.filter((j) => j.cpu === this.cpu).length;
    }

    /** device_offline(), and waits until it is parked. @returns EBUSY if it was set aside before */
    park(): undefined | Err {
        const { machine, clock, devices } = this.k;
        if (this.isAside) {
            return err('EBUSY');
        }
        clock.charge(CPU_OFFLINE);
        machine.processors.keep(this.cpu, machine.boots);
        devices.interrupts.leave(this.cpu);
        return undefined;
    }

    /** Its parked vCPU stops, and the processor is brought online: device_online(). */
    unpark(): void {
        const { machine, clock } = this.k;
        if (this.isAside) {
            clock.charge(CPU_ONLINE);
            machine.processors.start(this.cpu);
        }
    }

    display(): string {
        return `cpu${this.cpu}`;
    }
}

/** The processor of such a path; undefined: there is no such file. Processor 0 cannot be taken offline. */
export function cpuAt(k: KvmEnv, path: string): number | undefined {
    const cpu = Number(PATH.exec(path)?.[1] ?? 0);
    return cpu > 0 && cpu < k.machine.cpus ? cpu : undefined;
}

export function openCpu(k: KvmEnv, cpu: number): OpenFile {
    const file = deviceFile(k, 'cpu', `/sys/devices/system/cpu/cpu${cpu}/preserve`, O_RDONLY, 0o444);
    k.journal.edit(file).priv = new CpuFile(k, cpu);
    return file;
}
