/** The request `lus/liveUpdate`: the rows of the view *Live Update*. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { UpdateTree } from '../emulator/presentation/update-tree';
import type { Sources } from './source';

/** The rows, with places as the protocol has them. */
export function liveUpdateBody(tree: UpdateTree, sources: Sources): object {
    return {
        message: tree.message,
        unclaimed: tree.unclaimed,
        sessions: tree.sessions.map((s) => ({
            ...s,
            files: s.files.map(({ place, address, ...row }) => ({
                ...row,
                memoryReference: address === undefined ? undefined : `0x${address.toString(16)}`,
                ...(place ? lineOf(sources, place) : {}),
            })),
        })),
        flbs: tree.flbs,
    };
}

function lineOf(
    sources: Sources,
    place: NonNullable<UpdateTree['sessions'][number]['files'][number]['place']>,
): { readonly source: DebugProtocol.Source; readonly line: number } {
    return { source: sources.source(place.uri), line: sources.range(place.uri, place).line };
}
