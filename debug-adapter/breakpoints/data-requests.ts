/** The requests for data breakpoints. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Answer, Serve } from '../answer';
import { canPersist, dataIdText, parsedDataId, type DataId } from '../data/data-id';
import { accessOf, subjectOf } from '../data/subject';
import { REQUESTS, type Arguments } from '../requests';
import type { Breakpoint, DataWish } from './breakpoint';
import type { Breakpoints } from './breakpoints';

/** The data that a request is about; a text says why it cannot be watched. */
export type FindData = (args: Arguments<'dataBreakpointInfo'>) => DataId | string;

export class DataBreakpointRequests {
    constructor(
        private readonly breakpoints: Breakpoints,
        private readonly find: FindData,
        private readonly shown: (breakpoint: Breakpoint) => DebugProtocol.Breakpoint,
    ) {}

    serve(serve: Serve): void {
        serve('dataBreakpointInfo', REQUESTS.dataBreakpointInfo, (args) => ({ body: infoOf(this.find(args)) }));
        serve('setDataBreakpoints', REQUESTS.setDataBreakpoints, (args) => this.set(args));
    }

    private set({ breakpoints }: Arguments<'setDataBreakpoints'>): Answer {
        const set = this.breakpoints.setData(
            breakpoints.map(({ dataId, accessType, condition, hitCondition }): DataWish => {
                const id = parsedDataId(dataId);
                return {
                    kind: 'data',
                    dataId,
                    name: id?.name ?? dataId,
                    access: id ? accessOf(id, accessType) : 'changes',
                    subject: id ? subjectOf(id) : 'This is not an id of data. dataBreakpointInfo gives one.',
                    condition,
                    hitCondition,
                };
            }),
        );
        return { body: { breakpoints: set.map((b) => this.shown(b)) } };
    }
}

export function infoOf(data: DataId | string): DebugProtocol.DataBreakpointInfoResponse['body'] {
    return typeof data === 'string'
        ? { dataId: null, description: data }
        : {
              dataId: dataIdText(data),
              description: descriptionOf(data),
              accessTypes: data.of === 'bytes' ? ['write', 'read', 'readWrite'] : ['write'],
              canPersist: canPersist(data),
          };
}

function descriptionOf(data: DataId): string {
    return data.of === 'pages' && !data.name.startsWith('owner(') ? `the owner of ${data.name}` : data.name;
}
