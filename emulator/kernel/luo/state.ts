/**
 * The state of the Live Update Orchestrator (kernel/liveupdate/luo_*.c). Only state: what LUO does with it is std/luo.lus,
 * because it calls handlers back and must be steppable.
 */
import { Rec, Seq, Table, type Journal } from '../../machine/journal';
import type { Int } from '../../machine/int';
import type { OpenFile } from '../fs/file';
import type { BlockSet } from '../kho/blocks';
import { Lock } from '../lock';

/** refcount_t (lib/refcount.c): once it underflows it is saturated for good. */
export const REFCOUNT_SATURATED = 0xc000_0000;

/** A file handler (struct liveupdate_file_handler). */
export class LuoHandler extends Rec {
    /** The module that its callbacks were in is unloaded. */
    readonly unloaded: boolean = false;

    constructor(
        journal: Journal,
        /** As the scenario calls it. */
        readonly name: string,
        readonly compatible: string,
        /** In order of their registration. */
        readonly flbs: readonly LuoFlb[],
    ) {
        super(journal);
    }

    display(): string {
        return `handler ${this.name} "${this.compatible}"`;
    }
}

/** One side of an FLB: what this kernel preserves, or what it got. */
export class FlbSide extends Rec {
    /** A refcount_t. */
    readonly count: number = 0;
    readonly data: Int = 0;
    readonly obj: unknown = null;
    /** Incoming only: finish() has run. */
    readonly finished: boolean = false;
    /** Incoming only: 0 not tried, 1 done, −errno. */
    readonly retrieveStatus: number = 0;
    /** Held around the FLB's callbacks. */
    readonly mutex: Lock;

    constructor(journal: Journal, name: string) {
        super(journal);
        this.mutex = new Lock(journal, `the ${name}`);
    }
}

/** File-lifecycle-bound state (struct liveupdate_flb). */
export class LuoFlb extends Rec {
    readonly outgoing: FlbSide;
    readonly incoming: FlbSide;

    constructor(
        journal: Journal,
        readonly name: string,
        readonly compatible: string,
    ) {
        super(journal);
        this.outgoing = new FlbSide(journal, `outgoing mutex of FLB ${name}`);
        this.incoming = new FlbSide(journal, `incoming mutex of FLB ${name}`);
    }

    display(): string {
        return `FLB ${this.name} "${this.compatible}"`;
    }
}

/** A file inside a session (struct luo_file). */
export class LuoFile extends Rec {
    readonly serializedData: Int = 0;
    /** What preserve() left for unpreserve and freeze; never crosses the kexec. */
    readonly privateData: unknown = null;
    /** Outgoing: the preserved file. Incoming: null until it is retrieved. */
    readonly file: OpenFile | null = null;
    /** 0 never tried, 1 retrieved, −errno. */
    readonly retrieveStatus: number = 0;
    /** The key in the map of preserved files: what get_id() gave, or the file. */
    readonly id: unknown = null;
    /** Before the merge every file had a state (enum liveupdate_state). */
    readonly state: number = 1;

    constructor(
        journal: Journal,
        readonly handler: LuoHandler,
        readonly token: Int,
        readonly session: LuoSession,
    ) {
        super(journal);
    }

    display(): string {
        return `token 0x${this.token.toString(16)}, ${this.handler.compatible}`;
    }
}

/** A session (struct luo_session). */
export class LuoSession extends Rec {
    readonly files: Seq<LuoFile>;
    /** True where it came from the previous kernel and has, or had, a descriptor. */
    readonly retrieved: boolean = false;
    /** The anonymous file behind its descriptors. */
    readonly file: OpenFile | null = null;
    /** Which file a freeze or a finish is at, from 1; for the call stack. */
    readonly cursor: number = 0;
    /** FINISH has succeeded. */
    readonly finished: boolean = false;
    /** Physical address of the area with its files, in releases that do not use blocks; 0: none. */
    readonly area: number = 0;
    /** Before the merge every session had a state (enum liveupdate_state). */
    readonly state: number = 1;
    /** Held by whoever works on its files. */
    readonly mutex: Lock;

    constructor(
        journal: Journal,
        readonly name: string,
        readonly incoming: boolean,
        readonly fileBlocks: BlockSet,
    ) {
        super(journal);
        this.files = new Seq(journal);
        this.mutex = new Lock(journal, `the mutex of session "${name}"`);
    }

    display(): string {
        return `session "${this.name}"`;
    }
}

/** One of the two lists of sessions (struct luo_session_header). */
export class SessionList extends Rec {
    readonly sessions: Seq<LuoSession>;
    /** Physical address of the area with the sessions, in releases that do not use blocks; 0: none. */
    readonly area: number = 0;
    /** For reading by whoever looks a session up, for writing by whoever adds or removes one. */
    readonly lock: Lock;

    constructor(
        journal: Journal,
        readonly direction: 'outgoing' | 'incoming',
        readonly blocks: BlockSet,
    ) {
        super(journal);
        this.lock = new Lock(journal, `the list of ${direction} sessions`);
        this.sessions = new Seq(journal);
    }

    find(name: string): LuoSession | undefined {
        return this.sessions.items.find((s) => s.name === name);
    }

    display(): string {
        return `${this.sessions.length} ${this.direction} sessions`;
    }
}

/** The arguments of a file handler's callbacks (struct liveupdate_file_op_args). */
export class LuoArgs extends Rec {
    readonly file: OpenFile | null;
    readonly serializedData: Int;
    readonly privateData: unknown;
    readonly session: LuoSession;

    constructor(
        journal: Journal,
        readonly handler: LuoHandler,
        file: LuoFile,
        readonly retrieveStatus: number,
    ) {
        super(journal);
        this.session = file.session;
        this.file = file.file;
        this.serializedData = file.serializedData;
        this.privateData = file.privateData;
    }

    display(): string {
        return `arguments of ${this.handler.name}`;
    }
}

/** The arguments of an FLB's callbacks (struct liveupdate_flb_op_args). */
export class FlbArgs extends Rec {
    readonly data: Int;
    readonly obj: unknown;

    constructor(
        journal: Journal,
        readonly flb: LuoFlb,
        side: FlbSide,
    ) {
        super(journal);
        this.data = side.data;
        this.obj = side.obj;
    }

    display(): string {
        return `arguments of ${this.flb.name}`;
    }
}

/** The Live Update Orchestrator of one kernel. */
export class Luo extends Rec {
    /** `liveupdate=` of the command line, and KHO is on. */
    readonly enabled: boolean;
    /**
     * For reading by every ioctl and release of a session, for writing by the reboot, which keeps it where it succeeds (7.2 on): what has been
     * frozen stays as it is.
     */
    readonly serialize: Lock;
    /** Set once the device is there (late_initcall). */
    readonly ready: boolean = false;
    readonly deviceInUse: boolean = false;
    /** The first open of the device deserializes: undefined before, then 0 or the errno that every open gets. */
    readonly deserialized: number | undefined = undefined;
    readonly outgoing: SessionList;
    readonly incoming: SessionList;
    /** In order of registration. */
    readonly handlers: Seq<LuoHandler>;
    /** In order of first registration. */
    readonly flbs: Seq<LuoFlb>;
    /** The ids of preserved and of retrieved files, over all sessions. */
    readonly preservedFiles: Table<unknown, true>;
    /** The number that the previous kernel handed over; 0 after a cold boot. */
    readonly incomingNum: Int = 0;
    /** Before the merge all of LUO had one state (enum liveupdate_state). */
    readonly state: number = 1;
    /** Physical address of the outgoing struct luo_ser, or of the device tree before 7.2; 0: none. */
    readonly ser: number = 0;
    /** Physical address of the outgoing FLB page; 0: none. */
    readonly flbPage: number = 0;
    /** Physical address of the FLB page that came from the previous kernel; 0: none. */
    readonly incomingFlbPage: number = 0;

    /** @param lock what is called {@link serialize} here */
    constructor(
        private readonly journal: Journal,
        enabled: boolean,
        outgoing: BlockSet,
        incoming: BlockSet,
        lock = 'the serialize lock',
    ) {
        super(journal);
        this.enabled = enabled;
        this.serialize = new Lock(journal, lock);
        this.outgoing = new SessionList(journal, 'outgoing', outgoing);
        this.incoming = new SessionList(journal, 'incoming', incoming);
        this.handlers = new Seq(journal);
        this.flbs = new Seq(journal);
        this.preservedFiles = new Table(journal);
    }

    /** luo_release() of the device: sessions stay, and somebody else may open it. */
    deviceClosed(): void {
        this.journal.edit<Luo>(this).deviceInUse = false;
    }
}
