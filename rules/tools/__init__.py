"""Tools for networks of rule layers: conversion, measurements, parameter groups, mixtures."""
