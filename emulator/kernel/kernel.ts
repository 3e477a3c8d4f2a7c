/** A running kernel: everything that begins with a boot and ends with a kexec. The next one gets only bytes of it. */
import type { PageGeometry } from '../machine/arch';
import type { Clock } from '../machine/clock';
import { JournaledRecord, JournaledList, JournaledMap } from '../machine/journal';
import type { Machine } from '../machine/machine';
import type { Owners } from '../machine/owners';
import type { PhysicalMemory } from '../machine/memory';
import type { CommandLine } from './command-line/command-line';
import { makeAnonInode } from './fs/anon';
import type { FileConfig } from './fs/parameters';
import type { KernelDescription } from './release/descriptions';
import { type DeviceEnv, KernelDevices } from './devices/manager';
import type { OpenFile } from './fs/file';
import { Hugetlb } from './hugetlb/pool';
import type { Inode } from './fs/inode';
import type { KhoDebugEnv } from './kho/debugfs';
import type { Area, KhoEnv } from './kho/env';
import type { Kho } from './kho/kho';
import { NO_RESERVED_MEMORY, type ReservedMemory } from './kho/reserve-mem';
import type { CrashImage, KexecImage } from './kho/kexec-image';
import { Ids } from './ids';
import { Kstate } from './kstate/kstate';
import type { LogLevel, LogLine } from './klog';
import { KernelTee } from './kvm/tee';
import type { VirtualMachine } from './kvm/vm';
import { Lock } from './lock';
import { Luo } from './luo/state';
import type { PageAllocator } from './mm/buddy';
import { BackgroundMemory } from './mm/background-memory';
import { Folios } from './mm/folio';
import type { Memmap } from './mm/memmap';
import { Vmalloc } from './mm/vmalloc';
import type { MemfdEnv } from './fs/memfd';
import { Mounts } from './fs/mounts';
import type { Process, ProcessEnv } from './fs/process';
import type { ShmemInode } from './fs/shmem';
import { Sysctls } from './fs/sysctl';

export class Kernel extends JournaledRecord implements ProcessEnv, MemfdEnv, DeviceEnv, KhoDebugEnv {
    readonly page: PageGeometry;
    readonly kho: Kho;
    readonly luo: Luo;
    readonly devices: KernelDevices;
    readonly kstate: Kstate;
    readonly folios: Folios;
    readonly vmalloc: Vmalloc;
    readonly hugetlb: Hugetlb;
    readonly ids: Ids;
    readonly processes: JournaledList<Process>;
    readonly delayedFput: JournaledList<OpenFile>;
    /** Files that task_work_run() has taken and not processed yet. */
    readonly releasing: JournaledList<OpenFile>;
    readonly anonInode: Inode;
    readonly shmem: JournaledMap<number, ShmemInode>;
    readonly mounts: Mounts;
    readonly sysctls: Sysctls;
    /** Memory that other programs of the host allocate on behalf of the scenario. */
    readonly backgroundMemory: BackgroundMemory;
    /** Virtual machines, in the order in which they were created. */
    readonly vms: JournaledList<VirtualMachine>;
    /** Confidential guests; null: the machine cannot have them. */
    readonly tee: KernelTee | null;
    /** The kernel log of this boot. */
    readonly log: JournaledList<LogLine>;
    /** system_transition_mutex: held during a reboot. */
    readonly transition: Lock;
    /** kexec_trylock(): held while a kernel is loaded, or during a kexec. No process waits for it. */
    readonly kexecLock: Lock;
    /** The image that kexec loaded; null: none. */
    readonly kexecImage: KexecImage | null = null;
    /** The image that a panic starts; null: none is loaded. */
    readonly crashImage: CrashImage | null = null;
    /** The memory of `crashkernel=`, in which such an image lies. */
    readonly crashKernel: readonly Area[] = [];
    /** Memory reserved by `reserve_mem=`. */
    readonly reserveMem: ReservedMemory = NO_RESERVED_MEMORY;
    /** Places that have warned in this boot (WARN_ON_ONCE). */
    private readonly warned: JournaledMap<string, boolean>;

    constructor(
        readonly machine: Machine,
        readonly desc: KernelDescription,
        readonly commandLine: CommandLine,
        /** Number of this boot of the machine, 0 for the first. */
        readonly boot: number,
        readonly memmap: Memmap,
        readonly pages: PageAllocator,
        kho: Kho,
        private readonly env: KhoEnv,
    ) {
        super(machine.journal);
        const { journal } = machine;
        this.page = machine.page;
        this.kho = kho;
        this.folios = new Folios(machine.memory, memmap, pages);
        this.vmalloc = new Vmalloc(journal, machine.memory, pages);
        this.ids = new Ids(journal);
        this.processes = new JournaledList(journal);
        this.delayedFput = new JournaledList(journal);
        this.releasing = new JournaledList(journal);
        this.anonInode = makeAnonInode(journal, this.ids.nextInode(journal));
        this.shmem = new JournaledMap(journal);
        this.mounts = new Mounts(journal);
        this.sysctls = new Sysctls(journal, commandLine.files.memfdNoexec);
        this.backgroundMemory = new BackgroundMemory(journal);
        this.vms = new JournaledList(journal);
        this.tee = machine.tee && new KernelTee(this, machine.tee);
        this.hugetlb = new Hugetlb(this);
        this.log = new JournaledList(journal);
        this.transition = new Lock(journal, 'system_transition_mutex');
        this.kexecLock = new Lock(journal, 'the kexec lock');
        this.warned = new JournaledMap(journal);
        this.devices = new KernelDevices(this);
        this.kstate = new Kstate(journal);
        this.luo = new Luo(kho, commandLine.liveupdate && kho.enabled, desc.luo?.lock);
    }

    get journal(): Machine['journal'] {
        return this.machine.journal;
    }

    get clock(): Clock {
        return this.machine.clock;
    }

    get memory(): PhysicalMemory {
        return this.machine.memory;
    }

    get owners(): Owners {
        return this.machine.owners;
    }

    get config(): FileConfig {
        return this.commandLine.files;
    }

    get liveupdateWanted(): boolean {
        return this.commandLine.liveupdate;
    }

    klog(level: LogLevel, text: string): void {
        this.env.log.log(level, text);
    }

    /** WARN_ON_ONCE at a place with its own name. */
    warnOnce(place: string, text: string): void {
        if (!this.warned.has(place)) {
            this.warned.set(place, true);
            this.env.log.warning(place, text);
        }
    }

    display(): string {
        return `Linux ${this.desc.release}`;
    }
}
