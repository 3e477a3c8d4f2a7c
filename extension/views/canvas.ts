/** A surface on a canvas of a page. */
import { HATCH, SIZE, type Surface } from './surface';

/** So many widths of texts are kept. */
const MEASURED = 20_000;

export class CanvasSurface implements Surface {
    private readonly font: string;
    private readonly strongFont: string;
    private readonly widths = new Map<string, number>();

    constructor(
        private readonly context: CanvasRenderingContext2D,
        family: string,
    ) {
        this.font = `${SIZE}px ${family}`;
        this.strongFont = `600 ${this.font}`;
    }

    /** Empties the canvas, which may have a new size. @param scale pixels of the screen for each of the surface */
    begin(width: number, height: number, scale: number): void {
        const { context } = this;
        context.setTransform(scale, 0, 0, scale, 0, 0);
        context.clearRect(0, 0, width, height);
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
        let width = this.widths.get(text);
        if (width === undefined) {
            if (this.widths.size >= MEASURED) {
                this.widths.clear();
            }
            width = this.context.measureText(text).width;
            this.widths.set(text, width);
        }
        return width;
    }
}
