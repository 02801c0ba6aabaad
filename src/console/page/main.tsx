import { render } from 'preact';
import { App } from './app.tsx';
import 'uplot/dist/uPlot.min.css';
import './styles/colours.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/lists.css';
import './styles/views.css';

const page = document.getElementById('page');
if (page !== null) render(<App />, page);
