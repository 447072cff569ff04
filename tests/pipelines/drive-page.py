#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks at a page of `alexnet-batch report` in headless Chromium, chooses
classes, and checks what is visible: drive-page.py PAGE DIRECTORY

The page is that of report.sh. What Chromium keeps, and pictures of the page, go
into DIRECTORY.
"""
import pathlib
import sys

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

WIDE, NARROW = (1200, 1600), (360, 1600)


def start(directory):
    options = webdriver.ChromeOptions()
    options.binary_location = '/usr/bin/chromium'
    for argument in ('headless=new', 'no-sandbox', 'disable-gpu',
                     'disable-dev-shm-usage', f'user-data-dir={directory}'):
        options.add_argument('--' + argument)
    return webdriver.Chrome(
        service=Service('/usr/bin/chromedriver'), options=options)


def same(expected, found):
    if expected != found:
        raise SystemExit(f'expected {expected!r}, found {found!r}')


def find(driver, selector):
    return driver.find_elements('css selector', selector)


def visible(driver):
    """Names of the videos that are shown."""
    return [article.find_element('css selector', 'h3').text
            for article in find(driver, 'article') if article.is_displayed()]


def press(driver, label):
    """The button that reads so."""
    button, = (button for button in find(driver, 'button')
               if button.text == label)
    button.click()


def count_faded(driver):
    return len(find(driver, 'rect.faded'))


def check_filter(driver):
    everything = visible(driver)
    same(['<script>alert(1)<&>.webm', 'gone.webm', 'turned.jpg'], everything)
    same(0, count_faded(driver))
    press(driver, '<b>cat</b> & dog')
    same(everything[:2], visible(driver))
    same('2 of 3 have a chosen class', find(driver, '#shown')[0].text)
    same(['<b>cat</b> & dog'],
         [button.text for button in find(driver, '[aria-pressed=true]')])
    same(9 + 9, count_faded(driver))
    press(driver, 'automobile')
    same(everything, visible(driver))
    press(driver, '<b>cat</b> & dog')
    press(driver, 'automobile')
    same(everything, visible(driver))
    press(driver, 'deer')
    press(driver, 'show all')
    same(everything, visible(driver))
    same(0, count_faded(driver))


def check_pictures(driver):
    """All can be decoded; a video that is gone has a sentence."""
    for figure in find(driver, 'img'):
        driver.execute_script('arguments[0].loading = "eager"', figure)
    widths = driver.execute_async_script('''
        const done = arguments[0];
        const all = [...document.querySelectorAll('img')];
        Promise.all(all.map(one => one.decode())).then(
            () => done(all.map(one => one.naturalWidth)),
            error => done(String(error)));''')
    same(11, len(widths))
    same(True, min(widths) > 60)
    same(['No pictures: it cannot be read (No such file or directory).'],
         [p.text for p in find(driver, 'article p')
          if p.text.startswith('No ')])


def measure(driver, size, scheme, file):
    driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
        'width': size[0], 'height': size[1], 'deviceScaleFactor': 1,
        'mobile': False})
    driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {
        'features': [{'name': 'prefers-color-scheme', 'value': scheme}]})
    driver.save_screenshot(str(file))
    return driver.execute_script('''
        const [red] = getComputedStyle(document.body).backgroundColor
          .match(/[0-9]+/g);
        const {scrollWidth, clientWidth} = document.documentElement;
        return [scrollWidth > clientWidth, red > 128];''')


def check_looks(driver, directory):
    """Nothing sticks out, and the dark page is dark."""
    for size in WIDE, NARROW:
        for scheme in 'light', 'dark':
            same([False, scheme == 'light'], measure(
                driver, size, scheme, directory / f'{size[0]}-{scheme}.png'))


def check_alone(driver):
    """It asked for nothing else, and nothing was refused or went wrong."""
    same([], driver.get_log('browser'))
    same([], driver.execute_script('''
        return performance.getEntriesByType('resource').map(one => one.name)
          .filter(name => !name.startsWith('data:'));'''))


def main():
    page, directory = map(pathlib.Path, sys.argv[1:])
    driver = start(directory)
    try:
        driver.get(page.resolve().as_uri())
        check_filter(driver)
        check_pictures(driver)
        check_looks(driver, directory)
        check_alone(driver)
    finally:
        driver.quit()


if __name__ == '__main__':
    main()
