/** What views are drawn on: a canvas, or SVG. Coordinates in pixels. */

export interface Surface {
    rect(x: number, y: number, width: number, height: number, colour: string): void;
    outline(x: number, y: number, width: number, height: number, colour: string): void;
    /** The text begins at x; y is its middle. */
    text(text: string, x: number, y: number, colour: string, strong?: boolean): void;
    /** A closed shape. */
    shape(points: readonly (readonly [number, number])[], colour: string): void;
    /** Lines from point to point. */
    line(points: readonly (readonly [number, number])[], colour: string, width: number): void;
    /** Diagonal lines in a rectangle. */
    hatch(x: number, y: number, width: number, height: number, colour: string): void;
    /** Draws only within a rectangle. */
    within(x: number, y: number, width: number, height: number, draw: () => void): void;
    widthOf(text: string): number;
}

const SIZE = 12;
const HATCH = 9;

export class CanvasSurface implements Surface {
    private readonly font: string;
    private readonly strongFont: string;

    constructor(
        private readonly context: CanvasRenderingContext2D,
        family: string,
    ) {
        this.font = `${SIZE}px ${family}`;
        this.strongFont = `600 ${this.font}`;
        context.textBaseline = 'middle';
        context.font = this.font;
    }

    rect(x: number, y: number, width: number, height: number, colour: string): void {
        this.context.fillStyle = colour;
        this.context.fillRect(x, y, width, height);
    }

    outline(x: number, y: number, width: number, height: number, colour: string): void {
        this.context.strokeStyle = colour;
        this.context.strokeRect(x + 0.5, y + 0.5, Math.max(0, width - 1), Math.max(0, height - 1));
    }

    text(text: string, x: number, y: number, colour: string, strong = false): void {
        const { context } = this;
        context.fillStyle = colour;
        context.font = strong ? this.strongFont : this.font;
        context.fillText(text, x, y);
        context.font = this.font;
    }

    shape(points: readonly (readonly [number, number])[], colour: string): void {
        const { context } = this;
        context.fillStyle = colour;
        context.beginPath();
        for (const [x, y] of points) {
            context.lineTo(x, y);
        }
        context.closePath();
        context.fill();
    }

    line(points: readonly (readonly [number, number])[], colour: string, width: number): void {
        const { context } = this;
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.beginPath();
        for (const [x, y] of points) {
            context.lineTo(x, y);
        }
        context.stroke();
        context.lineWidth = 1;
    }

    hatch(x: number, y: number, width: number, height: number, colour: string): void {
        this.within(x, y, width, height, () => {
            const { context } = this;
            context.strokeStyle = colour;
            context.beginPath();
            for (let at = x - height; at < x + width; at += HATCH) {
                context.moveTo(at, y + height);
                context.lineTo(at + height, y);
            }
            context.stroke();
        });
    }

    within(x: number, y: number, width: number, height: number, draw: () => void): void {
        this.context.save();
        this.context.beginPath();
        this.context.rect(x, y, width, height);
        this.context.clip();
        draw();
        this.context.restore();
    }

    widthOf(text: string): number {
        return this.context.measureText(text).width;
    }
}

const round = (n: number): number => Math.round(n * 100) / 100;

function escaped(text: string): string {
    return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

export class SvgSurface implements Surface {
    private readonly parts: string[] = [];

    /** @param widthOf measures a text */
    constructor(
        readonly widthOf: (text: string) => number,
        private readonly family: string,
    ) {}

    rect(x: number, y: number, width: number, height: number, colour: string): void {
        this.parts.push(
            `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${colour}"/>`,
        );
    }

    outline(x: number, y: number, width: number, height: number, colour: string): void {
        this.parts.push(
            `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="none" stroke="${colour}"/>`,
        );
    }

    text(text: string, x: number, y: number, colour: string, strong = false): void {
        const weight = strong ? ' font-weight="600"' : '';
        this.parts.push(
            `<text x="${round(x)}" y="${round(y)}" dy="0.35em" fill="${colour}"${weight}>${escaped(text)}</text>`,
        );
    }

    shape(points: readonly (readonly [number, number])[], colour: string): void {
        const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
        this.parts.push(`<polygon points="${path}" fill="${colour}"/>`);
    }

    line(points: readonly (readonly [number, number])[], colour: string, width: number): void {
        const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
        this.parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="${width}"/>`);
    }

    hatch(x: number, y: number, width: number, height: number, colour: string): void {
        this.within(x, y, width, height, () => {
            const lines: string[] = [];
            for (let at = x - height; at < x + width; at += HATCH) {
                lines.push(`M${round(at)} ${round(y + height)}l${round(height)} ${round(-height)}`);
            }
            this.parts.push(`<path d="${lines.join('')}" stroke="${colour}" fill="none"/>`);
        });
    }

    within(x: number, y: number, width: number, height: number, draw: () => void): void {
        const [left, top, w, h] = [round(x), round(y), round(width), round(height)];
        if (w > 0 && h > 0) {
            this.parts.push(
                `<svg x="${left}" y="${top}" width="${w}" height="${h}" viewBox="${left} ${top} ${w} ${h}">`,
            );
            draw();
            this.parts.push('</svg>');
        }
    }

    /** The picture. @param title for readers who do not see it */
    svg(width: number, height: number, background: string, title: string): string {
        return [
            `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(height)}" font-size="${SIZE}" font-family="${escaped(this.family)}">`,
            `<title>${escaped(title)}</title>`,
            `<rect width="100%" height="100%" fill="${background}"/>`,
            ...this.parts,
            '</svg>\n',
        ].join('\n');
    }
}
